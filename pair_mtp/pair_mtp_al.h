/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp_al.h
 * `pair_style mtp/al`: the potential that learns while it runs. The learner of libmtpal and its QM driver live on rank
 * 0; the other ranks get parameters and inverse active set from there, and sleep while it works. */
#ifndef LMP_PAIR_MTP_AL_H
#define LMP_PAIR_MTP_AL_H

#include "baseline.h"
#include "heat.h"
#include "motion.h"
#include "pair_mtp.h"

#include "mtp/learner.h"

#include <set>

namespace LAMMPS_NS {

class PairMTPAL : public PairMTP {
public:
  explicit PairMTPAL(class LAMMPS *);
  ~PairMTPAL() override;

  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;

  /* For minimisers. Has the potential changed since this was asked last? */
  bool take_refit();
  /* Offers the present configuration as the end point of a relaxation, the round-th of one minimisation; true if the
   * potential changed, and the minimiser must go on. */
  bool confirm(int round);

  /* For the fix MTP_AL. Steps between two snapshots, 0: none are taken. */
  bigint rewinds() const { return rewind_every; }
  /* Was this step graded and let pass; below select? */
  bool is_sound() const { return begun && last_graded && !exploded && worst.grade <= options.break_grade; }
  bool is_calm() const { return is_sound() && worst.grade <= options.select_grade; }
  /* Is the present configuration beyond use, and the run to be taken back? */
  bool has_exploded() const { return exploded; }
  /* Shows the present configuration to the learner as one to learn from if the next ones are beyond use. */
  void remember();
  /* Learns from what was remembered before the run is taken back to the step `to`. */
  void learn_before(bigint to);

private:
  mtp_learner_options options; /* its paths are null: they are the strings below */
  std::string qm_text, train_path, save_path, log_path, candidate_path;
  bool mode_given; /* else the active set says */
  ActiveSet known; /* on rank 0: belongs to the potential of all ranks, which a learner begins with; null: none does */
  bool relaxed;    /* end points of relaxations are labelled */
  bool explores;   /* the potential is tried alone when the runs are over */
  long long every;
  bigint rewind_every;
  bool trials; /* trial states of Monte Carlo moves are offered, too */

  mtp_learner *learner; /* on rank 0 */
  mtp_comm ranks;       /* all ranks, for training */
  bool started;         /* the learner exists and every rank has its potential */
  bool begun;           /* it has seen the first configuration */
  bool refitted;        /* since take_refit() was called last */
  MTPMotion motion;
  MTPHeat heat;
  std::set<std::vector<long long>> numbers; /* of atoms of each species, whose energies labels settle */
  bigint natoms;                            /* of the last step */
  class FixMTPAL *fix;                      /* of this style; belongs to LAMMPS */
  bool exploded;
  bigint passed; /* until this step each one is graded: the run was here before and exploded */
  MTPBaseline baseline;
  int at_finalize;  /* key of an attribute of MPI_COMM_SELF */
  bool leaving;     /* LAMMPS deletes this style, and has all that it had */
  bool last_graded; /* `worst` is of the last evaluation */
  std::string plugin_path;

  double plain_seconds; /* what an evaluation without grades takes */
  double grade_seconds;
  long long graded_evaluations;
  long long beyond_select, beyond_break; /* atoms of this rank; of the last evaluation that graded each one */

  bool answer(const char *keyword, const char *word);

  void keep_active_set();
  void end_learner();
  void explore();
  static int finalize(MPI_Comm, int, void *self, void *);
  mtp_status open_learner();
  void start();
  void begin();
  using Question = std::function<mtp_status(const mtp_config *cfg, int worst_index, mtp_action *action)>;
  bool consult(const Question &ask, bool buys = false);
  bool offer(bool wanted);
  bool verify();
  void count_beyond();
  bool take_over(const std::string &wrong, int redo);
  std::vector<mtp_spot> local_spots(bool several);
  std::vector<mtp_spot> gather_spots(bool several);
  bool offer_parts(const mtp_moment &now, bool *redo);
  void grade_atoms();
  bool is_trial() const;
  bool has_new_numbers(bool trial);
  bool is_learning() const;
  void silence();
  void stop_all_if(const std::string &of_root);
  void share_model();
  void check_settings();
  void check_baseline();

  void timed_evaluation(int eflag, int vflag, bool graded);
  void fill_vector();

  static void call_helpers(void *self);
  static void log(void *self, mtp_level level, const char *message);
};

} // namespace LAMMPS_NS

#endif
