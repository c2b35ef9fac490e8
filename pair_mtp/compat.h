/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file compat.h
 * What differs between LAMMPS versions, from 29 Sep 2021 on. The build passes LAMMPS_VERSION_NUMBER as YYYYMMDD. */
#ifndef MTP_COMPAT_H
#define MTP_COMPAT_H

#include "comm.h"
#include "neigh_request.h"
#include "neighbor.h"
#include "pair.h"

#ifndef LAMMPS_VERSION_NUMBER
#error "define LAMMPS_VERSION_NUMBER as the version of LAMMPS, e.g. 20250204"
#endif

namespace mtp_compat {

/* 24 Mar 2022 replaced the request flags by one call. */
inline void request_full_list(LAMMPS_NS::Neighbor *neighbor, LAMMPS_NS::Pair *pair, int instance) {
#if LAMMPS_VERSION_NUMBER >= 20220324
  (void)instance;
  neighbor->add_request(pair, LAMMPS_NS::NeighConst::REQ_FULL);
#else
  const int id = neighbor->request(pair, instance); /* first: it may move the list */
  LAMMPS_NS::NeighRequest *request = neighbor->requests[id];
  request->half = 0;
  request->full = 1;
#endif
}

/* 2022 renamed it. */
template <class Comm> auto reverse_comm(Comm *comm, LAMMPS_NS::Pair *pair) -> decltype(comm->reverse_comm(pair)) {
  comm->reverse_comm(pair);
}
template <class Comm> auto reverse_comm(Comm *comm, LAMMPS_NS::Pair *pair) -> decltype(comm->reverse_comm_pair(pair)) {
  comm->reverse_comm_pair(pair);
}

} // namespace mtp_compat

#endif
