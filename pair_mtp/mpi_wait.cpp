/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file mpi_wait.cpp
 * Non-blocking calls that are tested between sleeps, which grow with what was waited already: a rank that waits for
 * minutes uses next to nothing of its core, and one that waits for a millisecond goes on at once. */
#include "mpi_wait.h"

#include <algorithm>
#include <ctime>

#ifdef MPI_STUBS

/* LAMMPS's own single-rank stand-in for MPI has nobody to wait for. */
void mtp_mpi_bcast_sleeping(void *, int, MPI_Datatype, MPI_Comm) {}

void mtp_mpi_max_sleeping(const long long *mine, long long *all, int count, MPI_Comm) {
  std::copy_n(mine, count, all);
}

#else

static void wait_sleeping(MPI_Request request) {
  const int busy_tests = 100; /* most calls are over at once and should not pay for a sleep */
  const double shortest = 2e-5, longest = 1e-2, part = 0.1; /* seconds; of what was waited already */
  const double begin = MPI_Wtime();
  int done = 0;
  for (int test = 0; !done; test++) {
    if (test > busy_tests) {
      const double nap = std::min(longest, std::max(shortest, part * (MPI_Wtime() - begin)));
      const struct timespec pause = {0, (long)(1e9 * nap)};
      nanosleep(&pause, nullptr);
    }
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  }
}

void mtp_mpi_bcast_sleeping(void *data, int count, MPI_Datatype type, MPI_Comm comm) {
  MPI_Request request;
  MPI_Ibcast(data, count, type, 0, comm, &request);
  wait_sleeping(request);
}

void mtp_mpi_max_sleeping(const long long *mine, long long *all, int count, MPI_Comm comm) {
  MPI_Request request;
  MPI_Iallreduce(mine, all, count, MPI_LONG_LONG, MPI_MAX, comm, &request);
  wait_sleeping(request);
}

#endif
