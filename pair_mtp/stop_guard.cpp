/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file stop_guard.cpp
 * Signals while the learner works. */
#include "stop_guard.h"

#include <exception>

using namespace LAMMPS_NS;

/* The one way in which a signal reaches the library. */
static volatile sig_atomic_t stop_signal = 0;

static void on_signal(int number) {
  stop_signal = number;
}

constexpr int MTPStopGuard::numbers[2];
int MTPStopGuard::living = 0;

MTPStopGuard::MTPStopGuard() : outermost(living++ == 0), exceptions(std::uncaught_exceptions()) {
  if (!outermost) return;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  stop_signal = 0;
  for (int i = 0; i < 2; i++) sigaction(numbers[i], &action, &before[i]);
}

MTPStopGuard::~MTPStopGuard() {
  living--;
  if (!outermost) return;
  for (int i = 0; i < 2; i++) sigaction(numbers[i], &before[i], nullptr);
  const int number = stop_signal;
  stop_signal = 0;
  if (number && std::uncaught_exceptions() == exceptions) raise(number);
}

const volatile sig_atomic_t *MTPStopGuard::signal() {
  return &stop_signal;
}
