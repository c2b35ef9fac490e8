# SPDX-License-Identifier: GPL-2.0-or-later
# Several hosts on one machine: network namespaces host1, host2, ... with names and a scratch folder of their own, a bridge
# between them, sshd on each, and the folder of the test in common. MPI goes through TCP. Needs root and openssh-server
# (SSHD=/path/to/sshd); skipped without.
. "$SOURCE_DIR/tests/faults/_lib.sh"
hosts=${HOSTS:-3}
address() { echo "10.77.0.$1"; }

if [ "${MTP_IN_HOSTS:-}" != yes ]; then
  sshd=${SSHD:-$(command -v sshd || echo /usr/sbin/sshd)}
  if [ ! -x "$sshd" ] || ! command -v ssh >/dev/null || ! command -v ip >/dev/null ||
    ! unshare --net --mount true 2>/dev/null; then
    echo 'skipped: needs root, ip, ssh and sshd'
    exit 77
  fi
  # everything below is in namespaces that end with the script, and so does whatever runs in them
  SSHD=$sshd MTP_IN_HOSTS=yes exec unshare --net --mount --pid --fork --kill-child --mount-proc sh "$0"
fi

mount --make-rprivate /
mkdir -p /run/netns /run/sshd
mount -t tmpfs none /run/netns
if ! grep -q '^sshd:' /etc/passwd; then # which it gives its rights up to
  { cat /etc/passwd; echo 'sshd:x:65500:65534::/run/sshd:/bin/false'; } >passwd
  mount --bind passwd /etc/passwd
fi
ssh-keygen -q -t ed25519 -N '' -f key </dev/null
cat >sshd_config <<END
HostKey $PWD/key
AuthorizedKeysFile $PWD/key.pub
StrictModes no
PermitRootLogin yes
PidFile none
END
# What clusters.md asks for: a connection that is cut is noticed in 15 seconds.
cat >ssh_config <<END
Host *
  IdentityFile $PWD/key
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  ServerAliveInterval 5
  ServerAliveCountMax 3
END
# The launcher as it is in clusters.md: mpiexec itself does not notice that a host is gone.
cat >launch.sh <<END
#!/bin/sh
ssh -F $PWD/ssh_config "\$@"
status=\$?
if [ \$status -eq 255 ]; then
  echo "launch.sh: a host no longer answers: \$*" | cut -c 1-120 >&2
  kill -TERM \$PPID
  sleep 5
  kill -KILL \$PPID
fi
exit \$status
END
printf '#!/bin/sh\nexec ssh -F %s/ssh_config "$@"\n' "$PWD" >ssh.sh
chmod +x ssh.sh launch.sh
mkdir -p scratch

ip link set lo up
ip link add hub type bridge
ip link set hub up
for host in $(seq "$hosts"); do
  ip netns add "host$host"
  ip link add "port$host" type veth peer name eth0 netns "host$host"
  ip link set "port$host" master hub up
  ip -n "host$host" link set lo up
  ip -n "host$host" addr add "$(address "$host")/24" dev eth0
  ip -n "host$host" link set eth0 up
done
# on HOST COMMAND...: in its namespaces; the scratch folder has the same name and another content everywhere
on() {
  at=$1
  shift
  ip netns exec "host$at" unshare --uts --mount sh -c \
    'hostname "$1"; mount -t tmpfs none scratch; shift; exec "$@"' sh "host$at" "$@"
}
for host in $(seq "$hosts"); do on "$host" "$SSHD" -D -e -f "$PWD/sshd_config" >"sshd$host.log" 2>&1 & done
for host in $(seq "$hosts"); do
  for wait in $(seq 200); do
    ! ip netns exec host1 ./ssh.sh "$(address "$host")" true 2>ssh.txt || break
    sleep 0.05
  done
  [ "$(ip netns exec host1 ./ssh.sh "$(address "$host")" hostname)" = "host$host" ] || die "no host$host: $(cat ssh.txt)"
done

# MPICH with UCX or with libfabric: no memory in common
export UCX_TLS=tcp,self UCX_NET_DEVICES=eth0 FI_PROVIDER=tcp MPIR_CVAR_NOLOCAL=1
list=$(for host in $(seq "$hosts"); do printf '%s:1,' "$(address "$host")"; done)
# over COMMAND...: a rank on each host, started on host1
over() {
  on 1 "$MPIEXEC" -launcher ssh -launcher-exec "$PWD/launch.sh" -iface eth0 -hosts "${list%,}" -n "$hosts" "$@" </dev/null
}
# The launcher is MPICH's.
over true >over.txt 2>&1 || { cat over.txt; echo 'skipped: no mpiexec that starts ranks over ssh'; exit 77; }

# The deck in.learn of tests/lammps, which makes the file `started` when LAMMPS is there.
printf 'shell touch started\ninclude ${decks}/in.learn\n' >in.started
# launches LOG lmp ARGUMENT...: `over` with its output in LOG, as process $pid, with that deck. Ranks that never come out
# of MPI_Init, which was seen once, are none of what is tested here, and are started again.
launches() {
  log=$1
  shift
  for try in 1 2 3; do
    rm -f started
    over "$@" >"$log" 2>&1 &
    pid=$!
    for wait in $(seq 2400); do
      [ ! -e started ] && lives $pid || return 0
      sleep 0.05
    done
    echo "launch $try: no LAMMPS after two minutes"
    for host in $(seq "$hosts"); do mend "$host" "$1"; done
    ends_soon $pid "launch $try"
  done
  die "the ranks do not start: $(tail -n 3 "$log")"
}

ranks_of() { for pid in $(ip netns pids "host$1"); do grep -s -q -x -e "$2" "/proc/$pid/comm" && echo "$pid"; done || true; }
# fault KIND HOST PROGRAM: `cut` takes its link away, `kill` its ranks of PROGRAM
fault() {
  case $1 in
    cut) ip link set "port$2" down ;;
    kill) kill -9 $(ranks_of "$2" "$3") ;;
  esac
}
# mend HOST PROGRAM: as a host that was started again
mend() {
  for pid in $(ranks_of "$1" "$2") $(ranks_of "$1" hydra_pmi_proxy); do kill -9 "$pid" 2>/dev/null || true; done
  ip link set "port$1" up
}
# await FILE
await() {
  for wait in $(seq 2400); do
    [ ! -e "$1" ] || return 0
    sleep 0.05
  done
  die "no $1"
}
# completes DONE LOG PROGRAM ARGUMENT...: `over` with its output in LOG, which must end well. MPICH 4.0 over UCX and TCP
# sometimes waits for ever in MPI_Finalize, when everything is written; what is DONE (a shell condition) for 30 s is ended.
completes() {
  condition=$1
  log=$2
  shift 2
  case $1 in
    lmp) launches "$log" "$@" ;;
    *) over "$@" >"$log" 2>&1 & pid=$! ;;
  esac
  late=0
  while lives $pid; do
    sleep 0.5
    ! eval "$condition" || late=$((late + 1))
    [ $late -lt 60 ] || break
  done
  if lives $pid; then
    echo "$1 is done, but MPI_Finalize does not come back"
    for host in $(seq "$hosts"); do mend "$host" "$1"; done
    wait $pid || true
    return 0
  fi
  wait $pid || die "$*: $(tail -n 5 "$log")"
}
# ends_soon PID WHAT: with a failure, within a minute
ends_soon() {
  for wait in $(seq 600); do
    lives "$1" || break
    sleep 0.1
  done
  ! lives "$1" || die "$2: still running after a minute"
  status=0
  wait "$1" || status=$?
  [ $status -ne 0 ] || die "$2: ends well"
}
