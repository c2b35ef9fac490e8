/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp.cpp
 * The frozen style, and what the learning style shares with it. */
#include "pair_mtp.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <locale>
#include <sstream>
#include <vector>

#include "atom.h"
#include "citeme.h"
#include "comm.h"
#include "compat.h"
#include "compute.h"
#include "error.h"
#include "force.h"
#include "foreign.h"
#include "memory.h"
#include "modify.h"
#include "mpi/mpi_comm.h"
#include "mpi_wait.h"
#include "mtp/baseline.h"
#include "mtp/trainer.h"
#include "neigh_list.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

static const char cite_mtp[] =
    "pair_style mtp and mtp/al: moment tensor potentials\n\n"
    "@Article{Shapeev2016,\n"
    " author = {A. V. Shapeev},\n"
    " title = {Moment Tensor Potentials: A Class of Systematically Improvable Interatomic Potentials},\n"
    " journal = {Multiscale Modeling \\& Simulation},\n"
    " year = 2016, volume = 14, pages = {1153--1173}\n"
    "}\n\n"
    "@Article{Gubaev2019,\n"
    " author = {K. Gubaev and E. V. Podryabinkin and G. L. W. Hart and A. V. Shapeev},\n"
    " title = {Accelerating high-throughput searches for new alloys with active learning of interatomic potentials},\n"
    " journal = {Computational Materials Science},\n"
    " year = 2019, volume = 156, pages = {148--156}\n"
    "}\n\n"
    "@Article{Novikov2021,\n"
    " author = {I. S. Novikov and K. Gubaev and E. V. Podryabinkin and A. V. Shapeev},\n"
    " title = {The {MLIP} package: moment tensor potentials with {MPI} and active learning},\n"
    " journal = {Machine Learning: Science and Technology},\n"
    " year = 2021, volume = 2, pages = {025002}\n"
    "}\n\n"
    "@Article{Podryabinkin2023,\n"
    " author = {E. V. Podryabinkin and K. Garifullin and A. V. Shapeev and I. S. Novikov},\n"
    " title = {{MLIP-3}: Active learning on atomic environments with moment tensor potentials},\n"
    " journal = {The Journal of Chemical Physics},\n"
    " year = 2023, volume = 159, pages = {084112}\n"
    "}\n\n"
    "@Article{Podryabinkin2017,\n"
    " author = {E. V. Podryabinkin and A. V. Shapeev},\n"
    " title = {Active learning of linearly parametrized interatomic potentials},\n"
    " journal = {Computational Materials Science},\n"
    " year = 2017, volume = 140, pages = {171--180}\n"
    "}\n\n";

PairMTP::PairMTP(LAMMPS *lmp, const char *style)
    : Pair(lmp), name(style), ctx(mtp_context_new()), pot(nullptr), evaluator(nullptr), precision(MTP_PRECISION_DOUBLE),
      can_grade(false), mode(MTP_MODE_NEIGHBOURHOOD), out(), worst{0.0, 0, -1, 0}, grade_flag(0), error_flag(0),
      learns(false), usable(false), by_doubt(false), doubt_limit(0.0), doubt_enough(0.0), doubt_break(0.0),
      doubt_ratio(0.0), doubt_guesses(0), largest_error(0.0), gathers_charges(false), compute_pair_exists(false),
      count_grades(false), with_errors(false), posterior_known(false), reversed(&force_buffer), energy_factor(1.0),
      central_count(0), central(nullptr), active_size(0),
      inverse_shared(false), watch{0.0, 10, false, "stopped.extxyz", 0.0} {
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_AVAIL;
  comm_reverse = 3;
  nextra = 11;
  pvector = new double[nextra]();
  if (!ctx) error->one(FLERR, "pair_style {}: memory is exhausted", name);
  const auto warn = [](void *user, mtp_level level, const char *message) {
    const auto *pair = static_cast<PairMTP *>(user);
    if (level == MTP_WARNING) pair->error->warning(FLERR, "pair_style {}: {}", pair->name, message);
  };
  if (comm->me == 0) mtp_context_set_logger(ctx, warn, this);
  if (lmp->citeme) lmp->citeme->add(cite_mtp);
}

PairMTP::~PairMTP() {
  mtp_evaluator_free(evaluator);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
  delete[] pvector;
  memory->destroy(setflag);
  memory->destroy(cutsq);
}

void PairMTP::stop(const std::string &message) {
  error->all(FLERR, "pair_style {}: {}", name, message);
  std::abort(); /* old versions do not declare that error->all never returns */
}

std::string PairMTP::complaint(mtp_status status) const {
  return status == MTP_OK ? "" : mtp_context_message(ctx);
}

void PairMTP::check_here(mtp_status status) {
  if (status != MTP_OK) error->one(FLERR, "pair_style {}: {}", name, mtp_context_message(ctx));
}

/* In place of the length of a complaint. */
static constexpr int HELP_WANTED = -1;

void PairMTP::start_helpers() {
  int length = HELP_WANTED;
  mtp_mpi_bcast_sleeping(&length, 1, MPI_INT, world);
}

void PairMTP::check_root(const std::string &of_root) {
  std::string message = of_root;
  int length = (int)message.size();
  for (;;) {
    mtp_mpi_bcast_sleeping(&length, 1, MPI_INT, world);
    if (length != HELP_WANTED) break;
    const mtp_comm ranks = mtp_mpi_comm(&world);
    check_here(mtp_trainer_help(ctx, &ranks));
  }
  if (length == 0) return;
  message.resize((size_t)length);
  MPI_Bcast(&message[0], length, MPI_CHAR, 0, world);
  stop(message);
}

void PairMTP::broadcast(void *data, size_t bytes) {
  const mtp_comm all = mtp_mpi_comm(&world);
  all.broadcast(all.user, data, bytes);
}

/* ---- what the deck says ---- */

int PairMTP::take_keyword(const Keywords &keywords, const std::string &others, int narg, char **arg) {
  std::string known;
  for (const auto &keyword : keywords) {
    known += std::string(" ") + keyword.first;
    if (strcmp(keyword.first, arg[0]) != 0) continue;
    if (narg < 2) stop(std::string("keyword ") + arg[0] + " needs a value");
    keyword.second(arg[1]);
    return 2;
  }
  const std::string hint = mtp_hint_at(learns, force->pair != this, narg, arg);
  stop(std::string("unknown keyword ") + arg[0] + (hint.empty() ? ", known are" + known + others : hint));
}

double PairMTP::number(const char *keyword, const char *word) const {
  std::istringstream text(word);
  text.imbue(std::locale::classic()); /* whatever the one of the program is */
  double value = 0.0;
  if (!(text >> value) || text.peek() != EOF || !std::isfinite(value))
    error->all(FLERR, "pair_style {}: keyword {} expects a number, found {}", name, keyword, word);
  return value;
}

long long PairMTP::integer(const char *keyword, const char *word) const {
  char *end = nullptr;
  errno = 0;
  const long long value = strtoll(word, &end, 10);
  if (end == word || *end || errno || value < 0)
    error->all(FLERR, "pair_style {}: keyword {} expects a whole number that is not negative, found {}", name, keyword,
               word);
  return value;
}

long long PairMTP::interval(const char *word, const char *keyword) {
  const long long steps = integer(keyword, word);
  if (steps < 1) stop(std::string(keyword) + " must be at least 1");
  return steps;
}

void PairMTP::take_precision(const char *word) {
  const bool mixed = strcmp(word, "mixed") == 0;
  if (!mixed && strcmp(word, "double") != 0) stop(std::string("expected precision double or mixed, found ") + word);
  precision = mixed ? MTP_PRECISION_MIXED : MTP_PRECISION_DOUBLE;
}

void PairMTP::settings(int narg, char **arg) {
  const Keywords keywords = {
      {"precision", [this](const char *word) { take_precision(word); }},
      {"stop", [this](const char *word) { take_limit(word); }},
      {"every", [this](const char *word) { watch.every = interval(word), watch.detailed = true; }},
      {"save", [this](const char *word) { watch.path = word, watch.detailed = true; }},
  };
  precision = MTP_PRECISION_DOUBLE; /* pair_style may be given again with other words, */
  watch = {0.0, 10, false, "stopped.extxyz", 0.0};
  for (int i = 0; i < narg;) i += take_keyword(keywords, "", narg - i, arg + i);
  if (watch.detailed && !is_watched()) stop("every and save belong to stop, which is not given");
  if (evaluator) check_here(mtp_evaluator_set_precision(ctx, evaluator, precision)); /* and without a pair_coeff */
}

PairMTP::ActiveSet PairMTP::take_file(int narg, char **arg) {
  if (narg < 3 || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0)
    stop("expected pair_coeff * * FILE ELEMENT ... (one element a LAMMPS type)");
  path = arg[2];
  ActiveSet as = read_file();
  map_types(narg - 3, arg + 3);
  return as;
}

void PairMTP::become_unusable() {
  usable = false;
  mtp_evaluator_free(evaluator);
  evaluator = nullptr;
}

void PairMTP::coeff(int narg, char **arg) {
  become_unusable();
  const ActiveSet as = take_file(narg, arg);
  if (!mtp_potential_is_trained(pot))
    stop(path + " is untrained: train it (mtp train), or learn with pair_style mtp/al");
  rebuild_evaluator();
  share_active_set(as.get());
  usable = true;
}

/* Rank 0 reads, so that thousands of ranks do not ask the file system for the same file, and once, so that both halves
 * are of one potential when a learning run replaces it. */
PairMTP::ActiveSet PairMTP::read_file() {
  mtp_potential *read = nullptr;
  mtp_active_set *as = nullptr;
  mtp_status status = MTP_OK;
  if (comm->me == 0) {
    const std::string found = utils::get_potential_file_path(path);
    status = mtp_model_read(ctx, found.empty() ? path.c_str() : found.c_str(), &read, &as);
  }
  ActiveSet owned(as);
  check_root(complaint(status));
  share_potential(read);
  return owned;
}

/* As text: training changes the radial basis too. */
void PairMTP::share_potential(mtp_potential *of_root) {
  char *text = nullptr;
  size_t size = 0;
  if (of_root) check_here(mtp_potential_format(ctx, of_root, &text, &size));
  broadcast(&size, sizeof size);
  std::string copy(size, ' ');
  if (of_root) copy.assign(text, size);
  free(text);
  broadcast(&copy[0], size);
  mtp_potential_free(pot);
  pot = of_root;
  if (!of_root) check_here(mtp_model_from_text(ctx, path.c_str(), copy.data(), size, &pot, nullptr));
}

std::string PairMTP::elements_text() const {
  std::string text;
  for (int s = 0; s < mtp_potential_species_count(pot); s++) {
    const char *element = mtp_potential_element(pot, s);
    text += (s ? " " : "") + (element ? std::string(element) : std::to_string(s));
  }
  return text;
}

/* Species of one word of pair_coeff, -1 if there is none. */
int PairMTP::species_of(const char *word) const {
  if (mtp_potential_element(pot, 0)) return mtp_potential_find_element(pot, word);
  const int count = mtp_potential_species_count(pot);
  for (int s = 0; s < count; s++)
    if (std::to_string(s) == word) return s;
  return -1;
}

void PairMTP::map_types(int narg, char **arg) {
  const int ntypes = atom->ntypes, count = mtp_potential_species_count(pot);
  const bool named = mtp_potential_element(pot, 0) != nullptr;
  if (narg == 0 && !named && ntypes > count)
    stop(path + " has " + std::to_string(count) + " species, the system " + std::to_string(ntypes) + " atom types");
  if ((narg > 0 || named) && narg != ntypes)
    stop("pair_coeff names " + std::to_string(narg) + " elements, the system has " + std::to_string(ntypes) +
         " atom types (" + path + " has " + elements_text() + ")");
  allocate();
  species.assign((size_t)ntypes + 1, -1);
  for (int type = 1; type <= ntypes; type++) {
    const char *word = narg > 0 ? arg[type - 1] : nullptr;
    if (word && strcmp(word, "NULL") == 0) continue;
    const int s = word ? species_of(word) : type - 1;
    if (s < 0 && !named && !utils::is_integer(word))
      stop(path + " holds no element names: give species numbers 0 to " + std::to_string(count - 1) +
           ", or stamp names on it, in the order of its species: mtp convert " + path + " " + path + " --species " +
           (count > 1 ? "Al,Ni" : word));
    if (s < 0)
      stop(std::string(named ? "element " : "species ") + word + " is not in " + path + ", which has " +
           elements_text());
    species[(size_t)type] = s;
  }
  for (int i = 1; i <= ntypes; i++)
    for (int j = i; j <= ntypes; j++) setflag[i][j] = species[(size_t)i] >= 0 && species[(size_t)j] >= 0;
}

void PairMTP::allocate() {
  const int n = atom->ntypes + 1;
  memory->destroy(setflag);
  memory->destroy(cutsq);
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  for (int i = 0; i < n; i++) std::fill_n(setflag[i], n, 1); /* after a failure it is init_style that has the word */
  allocated = 1;
}

void PairMTP::init_style() {
  if (strcmp(update->unit_style, "metal") == 0)
    energy_factor = 1.0;
  else if (strcmp(update->unit_style, "real") == 0)
    energy_factor = utils::get_conversion_factor(utils::ENERGY, utils::METAL2REAL);
  else
    stop(std::string("works in metal and real units, not in ") + update->unit_style);
  if (!force->newton_pair) stop("needs newton pair on");
  if (!usable) stop("the last pair_coeff failed: give another one");
  compute_pair_exists = false;
  for (int i = 0; i < modify->ncompute; i++)
    if (strcmp(modify->compute[i]->style, "pair") == 0) compute_pair_exists = true;
  mtp_compat::request_full_list(neighbor, this, instance_me);
  check_watch();
  warn_of_baseline();
  announce();
}

/* A difference is no potential: its other part has to act as well. What that is, this style does not know. */
void PairMTP::warn_of_baseline() {
  char baseline[64];
  if (force->pair != this || comm->me != 0 || mtp_potential_is_trained(pot) == 0) return;
  if (!mtp_potential_get_baseline(pot, baseline, sizeof baseline) || !*baseline) return;
  error->warning(FLERR,
                 "pair_style {}: {} was learned on top of other pair styles (baseline {}), which must act beside it: "
                 "pair_style hybrid/overlay",
                 name, path, baseline);
}

/* Tells the log what runs, again only if that changes. */
void PairMTP::announce() {
  const int level = mtp_potential_level(pot);
  char rest[160];
  snprintf(rest, sizeof rest, "%d species, %zu parameters, cutoff %.6g, %s, %s precision",
           mtp_potential_species_count(pot), mtp_potential_parameter_count(pot), mtp_potential_cutoff(pot),
           mtp_context_instruction_set(ctx), precision == MTP_PRECISION_MIXED ? "mixed" : "double");
  const std::string line = (level > 0 ? "level " + std::to_string(level) + ", " : "") + rest;
  if (line == announced) return;
  announced = line;
  if (comm->me == 0) utils::logmesg(lmp, "pair_style {}: {}\n", name, line);
}

double PairMTP::init_one(int i, int j) {
  if (setflag[i][j] == 0) error->all(FLERR, "All pair coeffs are not set");
  return mtp_potential_cutoff(pot);
}

void *PairMTP::extract(const char *what, int &dim) {
  dim = 0;
  if (strcmp(what, "error_flag") == 0) return &error_flag;
  return strcmp(what, "grade_flag") == 0 ? &grade_flag : nullptr;
}

void *PairMTP::extract_peratom(const char *what, int &columns) {
  columns = 0;
  if (strcmp(what, "error") == 0) return force_error.empty() ? nullptr : force_error.data();
  return strcmp(what, "grade") == 0 && !grade.empty() ? grade.data() : nullptr;
}

double PairMTP::memory_usage() {
  const size_t factor = mtp_posterior_size(posterior.get()) * mtp_posterior_size(posterior.get());
  const size_t numbers = force_buffer.size() + grade.size() + gradient.size() + inverse.size() + site_variance.size() +
                         force_error.size() + factor;
  return Pair::memory_usage() + (double)sizeof(double) * (double)numbers + mtp_evaluator_memory(evaluator);
}

/* ---- the model on every rank ---- */

void PairMTP::rebuild_evaluator() {
  mtp_evaluator_free(evaluator);
  evaluator = nullptr;
  can_grade = inverse_shared = false;
  forget_posterior();
  check_here(mtp_evaluator_new(ctx, pot, &evaluator));
  check_here(mtp_evaluator_set_precision(ctx, evaluator, precision));
}

void PairMTP::share_active_set(const mtp_active_set *as) {
  long long head[2] = {0, 0};
  if (as) {
    head[0] = (long long)mtp_active_set_size(as);
    head[1] = (long long)mtp_active_set_mode(as);
  }
  MPI_Bcast(head, 2, MPI_LONG_LONG, 0, world);
  active_size = (size_t)head[0];
  can_grade = active_size > 0;
  inverse_shared = false;
  inverse.clear();
  mode = can_grade ? (mtp_mode)head[1] : MTP_MODE_NEIGHBOURHOOD; /* not that of a file before */
  if (mode == MTP_MODE_FORCES) { /* its grades are those of whole configurations, on rank 0 */
    can_grade = learns;
    return;
  }
  if (as) {
    const double *from = mtp_active_set_inverse(as);
    inverse.assign(from, from + active_size * active_size);
  }
}

/* Not before somebody wants grades: it is by far the largest thing that a rank holds of a potential. */
void PairMTP::share_inverse() {
  if (inverse_shared) return;
  const size_t n = active_size;
  inverse.resize(n * n);
  broadcast(inverse.data(), n * n * sizeof(double));
  check_here(mtp_evaluator_set_inverse(ctx, evaluator, mode, n, inverse.data()));
  inverse.clear();
  inverse.shrink_to_fit();
  inverse_shared = true;
}

/* ---- one evaluation ---- */

void PairMTP::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  const bool graded = wants_grades() || is_due(), summary = compute_pair_exists && eflag_global;
  with_errors = wants_errors(summary);
  double *buffer = energy_factor == 1.0 && !is_watched() ? nullptr : zeroed_force_buffer();
  evaluate(buffer ? buffer : (atom->f ? atom->f[0] : nullptr), graded);
  if (graded) find_worst(true);
  if (with_errors) find_errors();
  if (summary) {
    /* A zero would look like a very good grade. */
    const bool mine = comm->me == (can_grade ? worst.rank : 0);
    pvector[0] = mine ? (can_grade ? worst.grade : NAN) : 0.0;
    pvector[1] = mine ? (double)worst.tag : 0.0;
    pvector[10] = comm->me != 0 ? 0.0 : with_errors ? largest_error : NAN;
  }
  tally(buffer);
  if (is_watched()) look(graded);
}

bool PairMTP::wants_grades() {
  const bool asked = grade_flag || (compute_pair_exists && eflag_global);
  if (by_doubt) return asked && has_posterior();
  if (grade_flag && mode == MTP_MODE_FORCES)
    stop("grades of atoms need an active set of mode neighbourhood, the one in use is of mode forces");
  if (grade_flag && !can_grade) stop("grades need an active set, and " + path + " has none");
  if (grade_flag && mode != MTP_MODE_NEIGHBOURHOOD)
    stop("grades of atoms need an active set of mode neighbourhood, the one in use is of mode configuration");
  return can_grade && asked;
}

double *PairMTP::zeroed_force_buffer() {
  force_buffer.assign(3 * (size_t)(atom->nlocal + atom->nghost) + 1, 0.0);
  return force_buffer.data();
}

/* Every rank must call it: the first time the inverse goes to all. */
void PairMTP::ask_for_grades() {
  grade.clear();
  if (mode == MTP_MODE_FORCES) return;
  share_inverse();
  const bool each = grade_flag || count_grades;
  grade.assign(each ? (size_t)(atom->nmax > 0 ? atom->nmax : 1) : 0, 0.0);
  gradient.assign(mode == MTP_MODE_CONFIGURATION ? mtp_potential_parameter_count(pot) + 1 : 0, 0.0);
  request.largest_grade = mode == MTP_MODE_NEIGHBOURHOOD;
  if (request.largest_grade && each) out.grade = grade.data();
  if (mode == MTP_MODE_CONFIGURATION) out.gradient = gradient.data();
}

bool PairMTP::is_present(int i) const {
  return (atom->mask[i] & 1) != 0; /* the bit of the group all */
}

/* Atoms that a fix has put aside have no neighbours, but would have the energy of a free atom. */
void PairMTP::choose_central() {
  central_count = list->inum;
  central = list->ilist;
  if (neighbor->nex_group == 0) return;
  present_atoms.clear();
  std::copy_if(central, central + central_count, std::back_inserter(present_atoms),
               [this](int i) { return is_present(i); });
  central_count = (int)present_atoms.size();
  central = present_atoms.data();
}

void PairMTP::evaluate_list() {
  choose_central();
  if (central_count == 0) return;
  const mtp_atoms atoms = present_list();
  check_here(mtp_evaluator_compute(ctx, evaluator, &atoms, &request, &out));
}

/* Energy, virial and what ev_init asks for go to `out` and the per-atom arrays, forces are added to `force`. */
void PairMTP::evaluate(double *f, bool graded) {
  request = mtp_request();
  out = mtp_output();
  if (graded && !by_doubt) ask_for_grades();
  if (with_errors || (graded && by_doubt)) ask_for_errors();
  out.force = f;
  request.skip_energy = !eflag_either;
  request.skip_virial = !vflag_either;
  if (eflag_atom) out.site_energy = eatom;
  if (vflag_atom) out.site_virial = vatom[0];
  if (cvflag_atom) out.site_virial9 = cvatom[0];
  evaluate_list();
}

/* Grades alone, of a step whose results have been handed over. */
void PairMTP::evaluate_grades() {
  request = mtp_request();
  out = mtp_output();
  request.skip_energy = request.skip_virial = true;
  ask_for_grades();
  evaluate_list();
}

/* The same on all ranks. A grade that is not finite is beyond everything. */
void PairMTP::find_worst(bool graded) {
  worst = {INFINITY, 0, -1, 0};
  if (!graded) return;
  if (by_doubt) {
    find_worst_doubt();
    return;
  }
  if (mode != MTP_MODE_NEIGHBOURHOOD) {
    worst.grade = mode == MTP_MODE_FORCES ? forces_grade() : configuration_grade();
    return;
  }
  struct {
    double grade;
    int rank;
  } mine = {0.0, comm->me}, all;
  const int atom_here = central_count > 0 ? out.max_grade_atom : -1;
  if (atom_here >= 0) mine.grade = std::isfinite(out.max_grade) ? out.max_grade : INFINITY;
  MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE_INT, MPI_MAXLOC, world);
  worst = {all.grade, all.rank, -1, 0};
  if (all.rank != comm->me || atom_here < 0) return;
  worst.atom = atom_here;
  if (atom->tag_enable) worst.tag = atom->tag[atom_here];
}

/* The row of the whole configuration is summed over the ranks and graded by one of them: all must take the same
 * decision, and processors of different kinds round differently. */
double PairMTP::configuration_grade() {
  const size_t n = gradient.size() - 1;
  gradient[n] = (double)central_count; /* not atom->natoms: we may see a part of them */
  std::vector<double> sum(n + 1);
  MPI_Reduce(gradient.data(), sum.data(), (int)(n + 1), MPI_DOUBLE, MPI_SUM, 0, world);
  double result = INFINITY;
  if (comm->me == 0) {
    for (size_t k = 0; k < n; k++) sum[k] /= sum[n];
    check_here(mtp_evaluator_grade_row(ctx, evaluator, sum.data(), &result));
    if (!std::isfinite(result)) result = INFINITY;
  }
  MPI_Bcast(&result, 1, MPI_DOUBLE, 0, world);
  return result;
}

/* All equations of the configuration, on one rank. */
double PairMTP::forces_grade() {
  int atom = -1;
  mtp_config *cfg = gather(0, &atom);
  double result = INFINITY;
  std::string wrong;
  if (comm->me == 0) wrong = complaint(mtp_active_set_grade_config(ctx, active_set_in_use(), pot, cfg, &result, &atom));
  mtp_config_free(cfg);
  check_root(wrong);
  MPI_Bcast(&result, 1, MPI_DOUBLE, 0, world);
  return result;
}

static void scale(double *values, size_t n, double factor) {
  for (size_t k = 0; k < n; k++) values[k] *= factor;
}

/* Hands the evaluation over to LAMMPS in the units of the deck. Forces come from `buffer` unless they are in place. */
void PairMTP::tally(const double *buffer) {
  const auto nall = (size_t)(atom->nlocal + atom->nghost);
  if (buffer && nall > 0) {
    double *f = atom->f[0];
    const double factor = energy_factor; /* a member might be what f points to: no vector loop */
    for (size_t k = 0; k < 3 * nall; k++) f[k] += factor * buffer[k];
  }
  if (eflag_global) eng_vdwl += energy_factor * out.energy;
  if (vflag_global)
    for (int k = 0; k < 6; k++) virial[k] += energy_factor * out.virial[k];
  if (energy_factor == 1.0 || nall == 0) return;
  if (eflag_atom) scale(eatom, nall, energy_factor);
  if (vflag_atom) scale(vatom[0], 6 * nall, energy_factor);
  if (cvflag_atom) scale(cvatom[0], 9 * nall, energy_factor);
}
