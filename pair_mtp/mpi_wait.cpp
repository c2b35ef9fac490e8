/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file mpi_wait.cpp
 * A non-blocking broadcast that is tested between short sleeps, which grow with what was waited already. */
#include "mpi_wait.h"

#include <algorithm>
#include <ctime>

#ifdef MPI_STUBS

/* LAMMPS's own single-rank stand-in for MPI has nobody to wait for. */
void mtp_mpi_bcast_sleeping(void *, int, MPI_Datatype, MPI_Comm) {}

#else

void mtp_mpi_bcast_sleeping(void *data, int count, MPI_Datatype type, MPI_Comm comm) {
  const int busy_tests = 100; /* most broadcasts are over at once and should not pay for a sleep */
  const long longest = 1500000;
  struct timespec nap = {0, 20000};
  MPI_Request request;
  MPI_Ibcast(data, count, type, 0, comm, &request);
  int done = 0;
  for (int test = 0; !done; test++) {
    if (test > busy_tests) {
      nanosleep(&nap, nullptr);
      nap.tv_nsec = std::min(2 * nap.tv_nsec, longest);
    }
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  }
}

#endif
