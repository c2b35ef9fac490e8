/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/mtp.h
 * The whole public interface, but for what plugins of QM engines include (mtp/qm_plugin.h). */
#ifndef MTP_MTP_H
#define MTP_MTP_H

#include "mtp/active_set.h"
#include "mtp/append.h"
#include "mtp/baseline.h"
#include "mtp/bench.h"
#include "mtp/comm.h"
#include "mtp/config.h"
#include "mtp/config_stream.h"
#include "mtp/context.h"
#include "mtp/cut.h"
#include "mtp/errors.h"
#include "mtp/evaluator.h"
#include "mtp/label_file.h"
#include "mtp/learner.h"
#include "mtp/neighbors.h"
#include "mtp/normal_equations.h"
#include "mtp/outlook.h"
#include "mtp/pair_part.h"
#include "mtp/posterior.h"
#include "mtp/potential.h"
#include "mtp/qm.h"
#include "mtp/screen.h"
#include "mtp/select.h"
#include "mtp/structure_search.h"
#include "mtp/team.h"
#include "mtp/trainer.h"
#include "mtp/weights.h"

#endif
