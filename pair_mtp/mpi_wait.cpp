/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file mpi_wait.cpp
 * A non-blocking broadcast that is tested between sleeps, which grow with what was waited already: a rank that waits
 * for minutes uses next to nothing of its core, and one that waits for a millisecond goes on at once. */
#include "mpi_wait.h"

#include <algorithm>
#include <ctime>

#ifdef MPI_STUBS

/* LAMMPS's own single-rank stand-in for MPI has nobody to wait for. */
void mtp_mpi_bcast_sleeping(void *, int, MPI_Datatype, MPI_Comm) {}

#else

void mtp_mpi_bcast_sleeping(void *data, int count, MPI_Datatype type, MPI_Comm comm) {
  const int busy_tests = 100; /* most broadcasts are over at once and should not pay for a sleep */
  const double shortest = 2e-5, longest = 1e-2, part = 0.1; /* seconds; of what was waited already */
  MPI_Request request;
  MPI_Ibcast(data, count, type, 0, comm, &request);
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

#endif
