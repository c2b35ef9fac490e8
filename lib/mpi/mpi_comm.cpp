/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mpi/mpi_comm.cpp
 * Counts of MPI are ints, so large messages go in pieces. C++ only because the stand-in for MPI that comes with LAMMPS
 * is. */
#include "mpi/mpi_comm.h"

#include <cstddef>
#include <cstdio>

static constexpr size_t PIECE = (size_t)1 << 30;
static constexpr int TAG = 4711;

static int piece_of(size_t bytes) {
  return (int)(bytes < PIECE ? bytes : PIECE);
}

static void broadcast(void *user, void *data, size_t bytes) {
  char *at = static_cast<char *>(data);
  for (int n; bytes > 0; at += n, bytes -= (size_t)n) {
    n = piece_of(bytes);
    MPI_Bcast(at, n, MPI_CHAR, 0, *static_cast<MPI_Comm *>(user));
  }
}

static void collect(void *user, int from, void *data, size_t bytes) {
  const MPI_Comm world = *static_cast<MPI_Comm *>(user);
  char *at = static_cast<char *>(data);
  int rank;
  MPI_Comm_rank(world, &rank);
  if (rank != 0 && rank != from) return;
  for (int n; bytes > 0; at += n, bytes -= (size_t)n) {
    n = piece_of(bytes);
    if (rank == 0)
      MPI_Recv(at, n, MPI_CHAR, from, TAG, world, MPI_STATUS_IGNORE);
    else
      MPI_Send(at, n, MPI_CHAR, 0, TAG, world);
  }
}

static void give_up(void *user, const char *message) {
  const MPI_Comm world = *static_cast<MPI_Comm *>(user);
  int rank;
  MPI_Comm_rank(world, &rank);
  fprintf(stderr, "ERROR on rank %d: %s\n", rank, message);
  MPI_Abort(world, 1);
}

mtp_comm mtp_mpi_comm(MPI_Comm *world) {
  mtp_comm comm = {0, 1, world, broadcast, collect, give_up};
  MPI_Comm_rank(*world, &comm.rank);
  MPI_Comm_size(*world, &comm.size);
  return comm;
}
