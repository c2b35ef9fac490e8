/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp_al.cpp
 * The learning style: grade, offer what is beyond `select`, take over what was learned, and do the step again. */
#include "pair_mtp_al.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sched.h>

#include "atom.h"
#include "comm.h"
#include "driver/qm_lammps.h"
#include "error.h"
#include "fix_mtp_al.h"
#include "force.h"
#include "min_restart.h"
#include "mpi/mpi_comm.h"
#include "mpi_wait.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "stop_guard.h"
#include "universe.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

/* Rank 0 looks for labels that were not waited for, and not more than once a second at what other runs have learned, in
 * one step of so many. */
static constexpr long long FOLLOW_INTERVAL = 10;

PairMTPAL::PairMTPAL(LAMMPS *lmp)
    : PairMTP(lmp, "mtp/al"), options(mtp_learner_defaults()), mode_given(false), relaxed(true), explores(true),
      every(1), rewind_every(0), trials(false), learner(nullptr), ranks(), started(false), begun(false),
      refitted(false), motion(lmp), heat(lmp), natoms(0), fix(nullptr), exploded(false), passed(-1),
      baseline(lmp, this), leaving(false), last_graded(false), plain_seconds(0.0), grade_seconds(0.0),
      graded_evaluations(0), followed(0), beyond_select(0), beyond_break(0) {
  learns = true;
  Dl_info info;
  if (dladdr((const void *)mtp_qm_lammps_driver, &info) && info.dli_fname) plugin_path = info.dli_fname;
  if (comm->me == 0) mtp_context_set_logger(ctx, log, this);
  mtp_context_set_stop(ctx, MTPStopGuard::signal());
  MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, finalize, &at_finalize, nullptr);
  MPI_Comm_set_attr(MPI_COMM_SELF, at_finalize, this);
}

PairMTPAL::~PairMTPAL() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized) return;
  leaving = true;
  MPI_Comm_delete_attr(MPI_COMM_SELF, at_finalize); /* ends the learner */
  MPI_Comm_free_keyval(&at_finalize);
  if (fix && modify) FixMTPAL::provide(lmp, false);
}

/* `quit` and errors end LAMMPS without destructors, but not without MPI_Finalize, which deletes the attributes of
 * MPI_COMM_SELF before all else (MPI 3.1, 8.7.1). LAMMPS may have closed its files by then. A run that an error cut
 * short is not over: what it learned is on the disk, and nothing is made of it. */
int PairMTPAL::finalize(MPI_Comm, int, void *self, void *) {
  auto *pair = static_cast<PairMTPAL *>(self);
  if (!pair->leaving) {
    pair->lmp->logfile = nullptr;
    if (pair->lmp->screen != stdout) pair->lmp->screen = nullptr;
    if (pair->update->whichflag != 0) {
      mtp_learner_free(pair->learner);
      pair->learner = nullptr;
    }
  }
  pair->end_learner();
  return MPI_SUCCESS;
}

void PairMTPAL::log(void *self, mtp_level level, const char *message) {
  auto *pair = static_cast<PairMTPAL *>(self);
  if (level == MTP_WARNING)
    pair->error->warning(FLERR, "pair_style {}: {}", pair->name, message);
  else
    utils::logmesg(pair->lmp, "{}\n", message);
}

/* ---- what the deck says ---- */

void PairMTPAL::settings(int narg, char **arg) {
  keep_active_set();
  numbers.clear();
  end_learner(); /* pair_style may be given again with other keywords */
  options = mtp_learner_defaults();
  precision = MTP_PRECISION_DOUBLE;
  qm_text = "none";
  train_path = "train.extxyz";
  save_path.clear();
  log_path = "mtp-al.jsonl";
  mode_given = false;
  relaxed = true;
  explores = true;
  every = 1;
  rewind_every = 0;
  trials = false;
  const Keywords keywords = {
      {"qm", [this](const char *word) { qm_text = word; }},
      {"train", [this](const char *word) { train_path = word; }},
      {"save", [this](const char *word) { save_path = word; }},
      {"log", [this](const char *word) { log_path = word; }},
      {"every", [this](const char *word) { every = interval(word); }},
      {"rewind", [this](const char *word) { rewind_every = strcmp(word, "off") == 0 ? 0 : interval(word, "rewind"); }},
      {"trials", [this](const char *word) { trials = answer("trials", word); }},
      {"relaxed", [this](const char *word) { relaxed = answer("relaxed", word); }},
      {"explore", [this](const char *word) { explores = answer("explore", word); }},
      {"precision", [this](const char *word) { take_precision(word); }},
  };
  std::string others; /* those of the library */
  for (int k = 0; mtp_learner_keyword(k); k++) others += std::string(" ") + mtp_learner_keyword(k);
  for (int i = 0, used; i < narg; i += used) {
    if (mtp_learner_set(ctx, &options, narg - i, arg + i, &used) != MTP_OK) stop(mtp_context_message(ctx));
    mode_given = mode_given || strcmp(arg[i], "mode") == 0;
    if (used == 0) used = take_keyword(keywords, others, narg - i, arg + i);
  }
  if (mtp_learner_check(ctx, &options) != MTP_OK) stop(mtp_context_message(ctx));
  by_doubt = options.query == MTP_QUERY_BAYES;
  doubt_limit = options.query_error;
}

/* yes or no */
bool PairMTPAL::answer(const char *keyword, const char *word) {
  const bool yes = strcmp(word, "yes") == 0;
  if (!yes && strcmp(word, "no") != 0) stop(std::string(keyword) + " must be yes or no, found " + word);
  return yes;
}

void PairMTPAL::coeff(int narg, char **arg) {
  end_learner();
  numbers.clear();
  become_unusable();
  known = take_file(narg, arg);
  usable = true;
}

void PairMTPAL::init_style() {
  const std::string wrong = baseline.look(species, pot);
  if (!wrong.empty()) stop(wrong);
  /* without a baseline they tell which cut-outs are neutral */
  gathers_charges = atom->q_flag && (!baseline.is_used() || baseline.needs_charges());
  if (!atom->tag_enable) stop("needs atom IDs");
  PairMTP::init_style();
  check_settings();
  fix = FixMTPAL::provide(lmp, true);
  exploded = false;
  passed = -1;
  motion.begin_run(baseline.is_used());
  if (update->whichflag == 2 && !mtp_min::use_restarting(lmp) && comm->me == 0)
    error->warning(FLERR,
                   "pair_style {}: min_style {} does not start anew after a refit, as cg, sd, hftn, fire and "
                   "quickmin do, and its end point is not labelled",
                   name, update->minimize_style);
  if (!started) start();
}

/* Of the run, or of what an input line between two steps has changed. */
void PairMTPAL::check_settings() {
  const std::string setting = excluding();
  if (!setting.empty())
    stop("does not work with " + setting + ": the QM driver would label other pairs than are graded");
  if (options.share && !options.wait && universe->nworlds > 1)
    stop("share yes does not go with wait no in partitions: they may have to wait for each other's labels");
}

/* ---- the learner on rank 0 ---- */

/* For the learner of other keywords, which begins with the potential of this one. */
void PairMTPAL::keep_active_set() {
  const mtp_active_set *as = learner ? mtp_learner_active_set(learner) : nullptr;
  mtp_active_set *copy = nullptr;
  if (!as) return;
  check_here(mtp_active_set_copy(ctx, as, &copy));
  known.reset(copy);
}

/* Writes what waits to be labelled, and the last event. */
void PairMTPAL::end_learner() {
  const MTPStopGuard guard;
  if (learner && explores) explore();
  const long long waiting = learner ? mtp_learner_get_stats(learner).candidates : 0;
  mtp_learner_end(ctx, learner);
  if (waiting > 0)
    utils::logmesg(lmp,
                   "pair_style mtp/al: {} candidates beyond select were not labelled; those worth a label are in "
                   "{}\n",
                   waiting, candidate_path);
  learner = nullptr;
  baseline.close();
  started = begun = false;
}

/* The driver is still at hand, and what a frozen run would meet next can still be learned. */
void PairMTPAL::explore() {
  mtp_conditions conditions;
  if (!motion.conditions(species, mtp_potential_species_count(pot), &conditions)) {
    if (mtp_learner_get_stats(learner).labels > 0)
      utils::logmesg(lmp, "pair_style mtp/al: the potential is not tried alone: {}\n", motion.why());
    return;
  }
  mtp_learner_explore(ctx, learner, &conditions); /* says itself how it ended */
}

/* Of a process that runs alone, the other cores are idle while it trains; OMP_NUM_THREADS says if they are not. */
static int available_threads() {
  cpu_set_t set;
  const int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
  const char *wanted = getenv("OMP_NUM_THREADS");
  const int most = wanted ? atoi(wanted) : cores;
  return most > 0 ? std::min(most, cores) : cores;
}

/* Partitions that learn side by side in one folder differ in `train`: train.1.extxyz has candidates.1.extxyz. */
static std::string candidates_beside(const std::string &train) {
  const size_t slash = train.rfind('/'), begin = slash == std::string::npos ? 0 : slash + 1;
  std::string name = train.substr(begin);
  const size_t dot = name.rfind('.');
  if (dot != std::string::npos && dot > 0) name.resize(dot);
  name = name.compare(0, 5, "train") == 0 ? "candidates" + name.substr(5) : "candidates-" + name;
  return train.substr(0, begin) + name + ".extxyz";
}

/* The active set of the potential grades until there is a training set, and gives the mode unless the deck did. */
mtp_status PairMTPAL::open_learner() {
  mtp_qm_driver lammps = *mtp_qm_lammps_driver();
  if (!plugin_path.empty()) lammps.user = &plugin_path[0];
  mtp_qm *qm = nullptr;
  candidate_path = universe->nworlds > 1 ? candidates_beside(train_path) : "candidates.extxyz";
  mtp_status status = baseline.open(ctx, pot, train_path, plugin_path.empty() ? nullptr : plugin_path.c_str());
  if (status == MTP_OK) status = mtp_qm_open(ctx, qm_text.c_str(), &lammps, 1, &qm);
  if (status != MTP_OK) return status;
  mtp_qm_set_stop(qm, MTPStopGuard::signal());
  if (known && !mode_given) options.mode = mtp_active_set_mode(known.get());
  mtp_learner_options all = options;
  if (known && mtp_active_set_mode(known.get()) == all.mode) all.active_set = known.get();
  all.train_path = train_path.c_str();
  all.save_path = save_path.empty() ? path.c_str() : save_path.c_str();
  all.log_path = log_path.c_str();
  all.candidate_path = candidate_path.c_str();
  ranks = mtp_mpi_comm(&world);
  all.comm = &ranks;
  all.threads = comm->nprocs == 1 ? available_threads() : 1;
  all.start_helpers = call_helpers;
  all.helpers_user = this;
  all.baseline = baseline.get();
  status = mtp_learner_new(ctx, &all, pot, qm, &learner);
  return status == MTP_OK ? baseline.write(ctx, train_path) : status;
}

/* The others are in stop_all_if(). */
void PairMTPAL::call_helpers(void *self) {
  static_cast<PairMTPAL *>(self)->start_helpers();
}

/* Every rank stops if rank 0 failed; the learner goes first, so that its last words are on disk. */
void PairMTPAL::stop_all_if(const std::string &of_root) {
  if (!of_root.empty()) end_learner();
  check_root(of_root);
}

void PairMTPAL::start() {
  stop_all_if(complaint(comm->me == 0 ? open_learner() : MTP_OK));
  share_model();
  baseline.hold();
  started = true;
}

void PairMTPAL::begin() {
  const MTPStopGuard guard;
  check_settings();
  const listing listed = count_list();
  mtp_config *first = gather(0, nullptr);
  const std::string other_baseline = baseline.check(ctx, first, species);
  std::string wrong;
  if (comm->me == 0) {
    mtp_action action;
    wrong = check_pairs(first, listed);
    if (wrong.empty()) wrong = other_baseline;
    if (wrong.empty()) wrong = complaint(mtp_learner_begin(ctx, learner, first, update->ntimestep, &action));
    mtp_config_free(first);
  }
  stop_all_if(wrong);
  share_model();
  if (!evaluator) stop(path + " is untrained, and there is no label to train it with");
  begun = true;
}

/* In the first step after commands that may have changed it. */
void PairMTPAL::check_baseline() {
  mtp_config *cfg = gather(0, nullptr);
  const std::string wrong = baseline.check(ctx, cfg, species);
  mtp_config_free(cfg);
  stop_all_if(wrong);
  baseline.hold();
}

/* Shows the present configuration to the learner; true if the step must be done again. */
bool PairMTPAL::consult(const Question &ask, bool buys) {
  const MTPStopGuard guard;
  long long tag = (long long)worst.tag;
  MPI_Bcast(&tag, 1, MPI_LONG_LONG, worst.rank, world);
  int index = -1, redo = 0;
  check_settings();
  const listing listed = count_list();
  mtp_config *cfg = gather(tag, &index);
  const bool dear = buys || worst.grade > options.break_grade || update->whichflag == 2; /* else it may only be kept */
  const std::string other_baseline = dear ? baseline.check(ctx, cfg, species) : "";
  std::string wrong;
  if (comm->me == 0) {
    mtp_action action = MTP_GO_ON;
    wrong = check_pairs(cfg, listed);
    if (wrong.empty()) wrong = other_baseline;
    if (wrong.empty()) wrong = complaint(ask(cfg, index, &action));
    redo = (int)action;
    mtp_config_free(cfg);
  }
  return take_over(wrong, redo);
}

/* What rank 0 learned goes to all. */
bool PairMTPAL::take_over(const std::string &wrong, int redo) {
  stop_all_if(wrong);
  MPI_Bcast(&redo, 1, MPI_INT, 0, world);
  exploded = redo == MTP_REWIND;
  redo = redo == MTP_REDO;
  if (redo) {
    share_model();
    motion.forget_quiet();
  }
  refitted = refitted || redo;
  return redo != 0;
}

/* True if the step must be done again. */
bool PairMTPAL::offer(bool wanted) {
  const MTPStopGuard guard;
  mtp_moment now = mtp_moment();
  if (update->whichflag == 1) now.hottest = heat.hottest();
  now.usual = heat.usual();
  now.first = heat.first();
  now.wanted = wanted;
  now.trial = is_trial();
  now.lost = now.trial ? 0 : mtp_lost_atoms(lmp);
  now.can_rewind = fix->can_rewind(&now.no_way_back);
  bool redo = false;
  if (offer_parts(now, &redo)) return redo;
  return consult([&](const mtp_config *cfg, int index, mtp_action *action) {
    mtp_learner_tell(ctx, learner, &now);
    return mtp_learner_offer(ctx, learner, cfg, worst.grade, index, update->ntimestep, action);
  });
}

void PairMTPAL::end_run() {
  if (learner && mtp_learner_end_run(ctx, learner) != MTP_OK) error->warning(FLERR, "{}", mtp_context_message(ctx));
}

/* ---- going back ---- */

void PairMTPAL::remember() {
  consult([this](const mtp_config *cfg, int index, mtp_action *action) {
    *action = MTP_GO_ON;
    return mtp_learner_remember(ctx, learner, cfg, worst.grade, index, update->ntimestep);
  });
}

/* The present configuration is of no interest, but all ranks do what they do for one. */
void PairMTPAL::learn_before(bigint to) {
  consult([this, to](const mtp_config *, int, mtp_action *action) {
    return mtp_learner_rewind(ctx, learner, update->ntimestep, to, action);
  });
  passed = update->ntimestep + 2 * (update->ntimestep - to);
  motion.forget_quiet();
}

/* The step of an exploded configuration ends without harm. */
void PairMTPAL::silence() {
  std::fill(force_buffer.begin(), force_buffer.end(), 0.0);
  out.energy = 0.0;
  std::fill_n(out.virial, 6, 0.0);
}

/* ---- for minimisers ---- */

bool PairMTPAL::take_refit() {
  const bool taken = refitted;
  refitted = false;
  return taken;
}

bool PairMTPAL::confirm(int round) {
  if (!relaxed) return false;
  const double grade = last_graded ? worst.grade : NAN;
  const bool redo = consult([&](const mtp_config *cfg, int index, mtp_action *action) {
    return mtp_learner_confirm(ctx, learner, cfg, grade, last_graded ? index : -1, update->ntimestep, round, action);
  });
  fill_vector();
  return redo;
}

/* Has the true error bought, whatever the grade; true if the step must be done again. */
bool PairMTPAL::verify() {
  const auto ask = [this](const mtp_config *cfg, int index, mtp_action *action) {
    return mtp_learner_verify(ctx, learner, cfg, worst.grade, index, update->ntimestep, action);
  };
  return consult(ask, true);
}

/* ---- beside other runs ---- */

/* True if the potential is one of another run now. */
bool PairMTPAL::follow(long long generation) {
  const MTPStopGuard guard;
  int redo = 0;
  std::string wrong;
  if (comm->me == 0) {
    mtp_action action = MTP_GO_ON;
    wrong = complaint(mtp_learner_follow(ctx, learner, update->ntimestep, generation, &action));
    redo = (int)action;
  }
  return take_over(wrong, redo);
}

/* The images of a band act on each other, so that at every step all have the same potential: the newest that one of
 * them has. True if the step must be done again, here or in another one. */
bool PairMTPAL::agree() {
  const long long mine = mtp_learner_get_stats(learner).generation; /* 0 but on rank 0 */
  long long range[2] = {comm->me == 0 ? -mine : -(1LL << 62), mine}, all[2];
  mtp_mpi_max_sleeping(range, all, 2, universe->uworld); /* until an image has its label, perhaps */
  if (-all[0] == all[1]) return false;
  long long own = mine;
  MPI_Bcast(&own, 1, MPI_LONG_LONG, 0, world);
  if (own < all[1]) follow(all[1]);
  return true;
}

/* Parameters and active set of the learner to every rank. */
void PairMTPAL::share_model() {
  double thresholds[2] = {options.select_grade, options.break_grade};
  if (learner) check_here(mtp_learner_thresholds(ctx, learner, &thresholds[0], &thresholds[1]));
  MPI_Bcast(thresholds, 2, MPI_DOUBLE, 0, world);
  options.select_grade = thresholds[0];
  options.break_grade = thresholds[1];
  const mtp_potential *learned = learner ? mtp_learner_potential(learner) : nullptr;
  int trained = learned && mtp_potential_is_trained(learned);
  MPI_Bcast(&trained, 1, MPI_INT, 0, world);
  if (!trained) return;
  mtp_potential *copy = nullptr;
  if (learned) check_here(mtp_potential_copy(ctx, learned, &copy));
  share_potential(copy);
  rebuild_evaluator();
  share_active_set(learner ? mtp_learner_active_set(learner) : nullptr);
}

/* ---- the step ---- */

bool PairMTPAL::is_trial() const {
  return fix && fix->is_trial();
}

/* Where atoms come, go or change, tried or done, do labels settle what that adds to the energy? */
bool PairMTPAL::has_new_numbers(bool trial) {
  const bool changed = atom->natoms != natoms && !update->setupflag;
  if (!trial) natoms = atom->natoms;
  if (!trial && !changed) return false;
  std::vector<long long> mine((size_t)mtp_potential_species_count(pot)), all(mine.size());
  for (int i = 0; i < atom->nlocal; i++) {
    const int s = species[(size_t)atom->type[i]];
    if (s >= 0 && is_present(i)) mine[(size_t)s]++;
  }
  MPI_Allreduce(mine.data(), all.data(), (int)mine.size(), MPI_LONG_LONG, MPI_SUM, world);
  if (numbers.count(all) > 0) return false;
  int known = 1;
  if (comm->me == 0) {
    bool is = true;
    check_here(mtp_learner_knows_numbers(ctx, learner, all.data(), &is));
    known = is;
  }
  MPI_Bcast(&known, 1, MPI_INT, 0, world);
  if (known) numbers.insert(all);
  return known == 0;
}

bool PairMTPAL::is_learning() const {
  return update->setupflag || update->ntimestep % every == 0 || update->ntimestep <= passed ||
         (rewind_every > 0 && mtp_lost_atoms(lmp) > 0);
}

void PairMTPAL::compute(int eflag, int vflag) {
  if (!begun) begin();
  const bool trial = is_trial();
  if (baseline.may_have_changed() && !trial) check_baseline();
  if (explores && !trial) motion.note(species);
  if (!trial && update->whichflag == 1) heat.note();
  if (!trial && learner) mtp_learner_pass(learner, update->ntimestep);
  const bool banded = options.share && update->whichflag == 2 && update->multireplica && universe->nworlds > 1;
  if ((options.share || !options.wait) && !trial && !banded && followed++ % FOLLOW_INTERVAL == 0) follow(0);
  bool wanted = has_new_numbers(trial);
  bool due = options.check_every > 0 && !trial && update->whichflag == 1 && !update->setupflag &&
             update->ntimestep % options.check_every == 0;
  const bool learning = wanted || due || ((!trial || trials) && is_learning());
  bool redo = false;
  do {
    ev_init(eflag, vflag); /* zeroes the per-atom arrays, also when the step is done again */
    count_grades = compute_pair_exists && eflag_global && !by_doubt;
    with_errors = wants_errors(compute_pair_exists && eflag_global);
    const bool graded =
        (by_doubt ? has_posterior() : can_grade) && (learning || (trial ? grade_flag != 0 : wants_grades()));
    timed_evaluation(eflag, vflag, graded);
    last_graded = graded;
    const bool is_looked_at = with_errors || grade_flag || wanted || due || trial;
    doubt_enough = is_looked_at || (compute_pair_exists && eflag_global) ? 0.0 : options.select_grade;
    doubt_break = update->whichflag == 1 ? options.break_grade : 0.0; /* an end point is met once */
    const double begin = MPI_Wtime();
    if (graded || learning) find_worst(graded);
    /* errors of forces and equations of the whole are found there, not in the evaluation */
    if (graded && (by_doubt || mode == MTP_MODE_FORCES)) grade_seconds += MPI_Wtime() - begin;
    if (learning && (worst.grade > options.select_grade || wanted)) {
      redo = offer(wanted);
      wanted = false;
    } else {
      redo = due && verify();
      due = false;
    }
  } while (redo || (banded && agree()));
  if (with_errors) find_errors();
  if (by_doubt && grade_flag) grade_by_doubt();
  if (compute_pair_exists && eflag_global) count_beyond();
  if (exploded) silence();
  tally(force_buffer.data());
  fill_vector();
}
