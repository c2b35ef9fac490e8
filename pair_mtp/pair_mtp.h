/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp.h
 * `pair_style mtp`: a frozen moment tensor potential. LAMMPS arrays go to libmtpal, and its errors to LAMMPS; the
 * physics, the files and the grades are all in libmtpal. */
#ifndef LMP_PAIR_MTP_H
#define LMP_PAIR_MTP_H

#include "pair.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mtp/active_set.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/cut.h"
#include "mtp/evaluator.h"
#include "mtp/posterior.h"
#include "mtp/potential.h"

namespace LAMMPS_NS {

class PairMTP : public Pair {
public:
  explicit PairMTP(class LAMMPS *, const char *name = "mtp");
  ~PairMTP() override;
  PairMTP(const PairMTP &) = delete;
  PairMTP &operator=(const PairMTP &) = delete;

  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void *extract(const char *, int &) override;
#if LAMMPS_VERSION_NUMBER >= 20220803 /* before fix pair there was nothing to override */
  void *extract_peratom(const char *, int &) override;
#else
  void *extract_peratom(const char *, int &);
#endif
  double memory_usage() override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;

protected:
  /* On rank 0, of a style that learns. */
  virtual const mtp_active_set *active_set_in_use() const {
    return nullptr;
  }
  const std::string name; /* of the style, for messages: force->pair_style may be hybrid */
  std::string path;       /* of the potential, as given in pair_coeff */
  mtp_context *ctx;
  mtp_potential *pot;       /* the same on every rank */
  mtp_evaluator *evaluator; /* of pot; null while it is untrained */
  mtp_precision precision;  /* of evaluations without grades; grades are always double */
  bool can_grade;           /* the evaluator has an inverse active set */
  mtp_mode mode;            /* of that active set */

  std::vector<int> species; /* [ntypes+1] LAMMPS type -> species, -1 for NULL */

  mtp_request request;              /* of the last evaluation, and */
  mtp_output out;                   /* of the last evaluation, in eV and A */
  std::vector<double> force_buffer; /* [3*(nlocal+nghost)] */
  std::vector<double> grade;        /* [nmax] per atom; of the last graded evaluation */
  struct {
    double grade; /* largest of all ranks; infinite if there is nothing to grade with */
    int rank;     /* that owns the atom */
    int atom;     /* local there at that time, -1 in configuration mode */
    tagint tag;   /* ID of that atom, known there; 0 in configuration mode */
  } worst;
  int grade_flag; /* set by fix pair on the steps when it wants grades */
  int error_flag; /* the same of errors to expect */

  bool learns;          /* as mtp/al does */
  bool usable;          /* the last pair_coeff came to its end */
  bool by_doubt;        /* `worst` is of errors to expect and not of an active set */
  double doubt_limit;   /* eV/A that is allowed then; 0: the noise */
  double doubt_enough;  /* far below this grade it may be guessed from the errors of site energies; 0: nowhere */
  double doubt_break;   /* and far below this one now and then, too */
  double doubt_ratio;   /* by which grades are the larger of the two; 0: not known */
  int doubt_guesses;    /* since it was found */
  double largest_error; /* to expect, eV/A; of the last evaluation that was asked for errors */
  /* Whose site energy is least sure: its atom, and the variances of the force on it. */
  struct Doubt {
    tagint tag;
    double site;
    mtp_doubt force;
  };
  static constexpr int DOUBTS = 2;
  std::vector<Doubt> doubts; /* of all ranks, the worst first */

  struct Free {
    void operator()(mtp_active_set *as) const { mtp_active_set_free(as); }
  };
  struct FreePosterior {
    void operator()(mtp_posterior *posterior) const { mtp_posterior_free(posterior); }
  };
  std::unique_ptr<mtp_posterior, FreePosterior> posterior;
  using ActiveSet = std::unique_ptr<mtp_active_set, Free>;

  /* One line for the user on every rank, led by the name of the style; does not return. */
  [[noreturn]] void stop(const std::string &message);
  /* What a call of the library has to say, "" if it went well. */
  std::string complaint(mtp_status status) const;
  /* For calls that every rank makes, but that only one may see fail. */
  void check_here(mtp_status status);
  /* For what only rank 0 does: every rank stops with its complaint, if there is one. Receivers sleep while they wait,
   * unless rank 0 calls for help: then they train with it. */
  void check_root(const std::string &of_root);
  void start_helpers();
  /* Of any size, from rank 0. */
  void broadcast(void *data, size_t bytes);

  /* The keywords of a style, each with what takes its value. */
  using Keywords = std::vector<std::pair<const char *, std::function<void(const char *word)>>>;
  /* The keyword arg[0] with its value; returns how many words that were. `others` are known too. */
  int take_keyword(const Keywords &keywords, const std::string &others, int narg, char **arg);
  double number(const char *keyword, const char *word) const;
  long long integer(const char *keyword, const char *word) const;
  long long interval(const char *word, const char *keyword = "every"); /* steps */
  void take_precision(const char *word);
  /* The potential of pair_coeff and what its words mean; returns its active set, which only rank 0 may have. */
  ActiveSet take_file(int narg, char **arg);
  /* Until a pair_coeff has come to its end: programs that bear errors of LAMMPS go on after one that failed. */
  void become_unusable();
  /* The potential of rank 0 (taken over) becomes that of every rank. */
  void share_potential(mtp_potential *of_root);
  void rebuild_evaluator();
  /* Tells all ranks of the active set of rank 0 (null: there is none); the evaluators get it when grades are wanted. */
  void share_active_set(const mtp_active_set *as);

  /* A fix such as gcmc takes an atom out of all groups, `all` included, while it tries what the system is without it.
   */
  bool is_present(int i) const;
  bool wants_grades();
  double *zeroed_force_buffer();
  void evaluate(double *force, bool graded);
  void find_worst(bool graded);
  bool has_posterior();
  bool wants_errors(bool summary);
  void find_errors();
  void grade_by_doubt();
  bool guess_worst_doubt();
  void tally(const double *buffer);
  void place(int i, double x[3]) const;
  void copy_cell(mtp_config *cfg) const;
  mtp_config *gather(long long worst_tag, int *worst_index, const mtp_cut_region *region = nullptr);
  bool gathers_charges; /* of the atoms, with the rest; the same on all ranks */
  /* What the neighbour list of this step holds, on rank 0; to be called on all ranks. */
  struct listing {
    double atoms, pairs; /* with neighbours of their own; sum over the pairs, see pair_weight() */
  };
  listing count_list();
  /* "" if a gathered configuration has the pairs of the list, else what is wrong. On rank 0. */
  std::string check_pairs(const mtp_config *cfg, const listing &listed);
  /* The setting that takes pairs of atoms out of the list, "" if there is none. All ranks must call it. */
  std::string excluding();

  bool compute_pair_exists;
  bool count_grades; /* how many atoms are beyond thresholds is asked for: each one is graded */
  bool with_errors;  /* the evaluation under way is asked for errors */

private:
  bool posterior_known;
  std::vector<double> site_variance, force_error; /* [nall], [nmax] */
  std::vector<double> *reversed;                  /* [3*nall] what goes back to the owners of ghosts */
  double energy_factor;                           /* eV -> energy unit of the deck */
  std::string announced;                          /* what the log has been told */
  std::vector<double> gradient;
  std::vector<int> present_atoms; /* the central atoms, if some of the list are not present */
  int central_count;
  const int *central;          /* of the list or of present_atoms */
  size_t active_size;          /* rows of the active set */
  std::vector<double> inverse; /* of the active set, on rank 0 until the evaluators have it */
  bool inverse_shared;
  struct {
    double limit; /* the run ends at a grade beyond it; 0: nobody watches */
    long long every;
    bool detailed;    /* every or save is given */
    std::string path; /* of the configuration that ends it */
    double force;     /* square of the largest force of the steps of this run that were graded and let pass */
  } watch;

  ActiveSet read_file();
  void map_types(int narg, char **arg);
  void allocate();
  void warn_of_baseline();
  void announce();
  std::string elements_text() const;
  int species_of(const char *word) const;
  void share_inverse();
  void ask_for_grades();
  void choose_central();
  mtp_atoms present_list();
  void forget_posterior();
  void ask_for_errors();
  static bool is_worse(const Doubt &a, const Doubt &b);
  std::vector<Doubt> local_doubts() const;
  void add_rows(const std::vector<int> &row, size_t nrows, std::vector<double> &rows);
  void find_doubts();
  void find_worst_doubt();
  void all_doubts(std::vector<mtp_doubt> &doubt);
  void evaluate_list();
  void evaluate_grades();
  double configuration_grade();
  double forces_grade();
  bool can_gather() const;
  std::vector<double> pack_atoms(const mtp_cut_region *region) const;
  long long count_others() const;

  bool is_watched() const {
    return watch.limit > 0.0;
  }
  bool is_due() const;
  void take_limit(const char *word);
  void check_watch();
  double largest_force();
  void look(bool graded);
  mtp_status keep(mtp_config *cfg);
  std::string kept_text(mtp_config *cfg, long long others);
  void end_run(bool not_finite);
};

} // namespace LAMMPS_NS

#endif
