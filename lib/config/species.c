/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/species.c
 * The elements: symbols and weights (IUPAC 2021 abridged), and mapping one species table onto another. */
#include "config/species.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mtp/config.h"
#include "support/support.h"

static const struct element {
  char symbol[3];
  double mass;
} elements[MTP_ELEMENT_MAX + 1] = {
    {"X", 0},       {"H", 1.008},   {"He", 4.0026}, {"Li", 6.94},   {"Be", 9.0122}, {"B", 10.81},   {"C", 12.011},
    {"N", 14.007},  {"O", 15.999},  {"F", 18.998},  {"Ne", 20.180}, {"Na", 22.990}, {"Mg", 24.305}, {"Al", 26.982},
    {"Si", 28.085}, {"P", 30.974},  {"S", 32.06},   {"Cl", 35.45},  {"Ar", 39.95},  {"K", 39.098},  {"Ca", 40.078},
    {"Sc", 44.956}, {"Ti", 47.867}, {"V", 50.942},  {"Cr", 51.996}, {"Mn", 54.938}, {"Fe", 55.845}, {"Co", 58.933},
    {"Ni", 58.693}, {"Cu", 63.546}, {"Zn", 65.38},  {"Ga", 69.723}, {"Ge", 72.630}, {"As", 74.922}, {"Se", 78.971},
    {"Br", 79.904}, {"Kr", 83.798}, {"Rb", 85.468}, {"Sr", 87.62},  {"Y", 88.906},  {"Zr", 91.224}, {"Nb", 92.906},
    {"Mo", 95.95},  {"Tc", 97},     {"Ru", 101.07}, {"Rh", 102.91}, {"Pd", 106.42}, {"Ag", 107.87}, {"Cd", 112.41},
    {"In", 114.82}, {"Sn", 118.71}, {"Sb", 121.76}, {"Te", 127.60}, {"I", 126.90},  {"Xe", 131.29}, {"Cs", 132.91},
    {"Ba", 137.33}, {"La", 138.91}, {"Ce", 140.12}, {"Pr", 140.91}, {"Nd", 144.24}, {"Pm", 145},    {"Sm", 150.36},
    {"Eu", 151.96}, {"Gd", 157.25}, {"Tb", 158.93}, {"Dy", 162.50}, {"Ho", 164.93}, {"Er", 167.26}, {"Tm", 168.93},
    {"Yb", 173.05}, {"Lu", 174.97}, {"Hf", 178.49}, {"Ta", 180.95}, {"W", 183.84},  {"Re", 186.21}, {"Os", 190.23},
    {"Ir", 192.22}, {"Pt", 195.08}, {"Au", 196.97}, {"Hg", 200.59}, {"Tl", 204.38}, {"Pb", 207.2},  {"Bi", 208.98},
    {"Po", 209},    {"At", 210},    {"Rn", 222},    {"Fr", 223},    {"Ra", 226},    {"Ac", 227},    {"Th", 232.04},
    {"Pa", 231.04}, {"U", 238.03},  {"Np", 237},    {"Pu", 244},    {"Am", 243},    {"Cm", 247},    {"Bk", 247},
    {"Cf", 251},    {"Es", 252},    {"Fm", 257},    {"Md", 258},    {"No", 259},    {"Lr", 262},    {"Rf", 267},
    {"Db", 270},    {"Sg", 269},    {"Bh", 270},    {"Hs", 270},    {"Mt", 278},    {"Ds", 281},    {"Rg", 281},
    {"Cn", 285},    {"Nh", 286},    {"Fl", 289},    {"Mc", 289},    {"Lv", 293},    {"Ts", 293},    {"Og", 294},
};

const char *mtp_element_symbol(int number) {
  return number >= 0 && number <= MTP_ELEMENT_MAX ? elements[number].symbol : NULL;
}

int mtp_element_number(const char *symbol) {
  for (int z = 1; z <= MTP_ELEMENT_MAX; z++)
    if (strcmp(elements[z].symbol, symbol) == 0) return z;
  return 0;
}

double mtp_element_mass(int number) {
  return number >= 0 && number <= MTP_ELEMENT_MAX ? elements[number].mass : 0;
}

/* pm, from hydrogen to curium */
static const short radii[] = {
    0,   31,  28,  128, 96,  84,  76,  71,  66,  57,  58,  166, 141, 121, 111, 107, 105, 102, 106, 203,
    176, 170, 160, 153, 139, 139, 132, 126, 124, 132, 122, 122, 120, 119, 120, 120, 116, 220, 195, 190,
    175, 164, 154, 147, 146, 142, 139, 145, 144, 142, 139, 139, 138, 139, 140, 244, 215, 207, 204, 203,
    201, 199, 198, 198, 196, 194, 192, 192, 189, 190, 187, 187, 175, 170, 162, 151, 144, 141, 136, 136,
    132, 145, 146, 148, 140, 150, 150, 260, 221, 215, 206, 200, 196, 190, 187, 180, 169,
};

double mtp_element_radius(int number) {
  return number > 0 && number < (int)(sizeof radii / sizeof *radii) ? 0.01 * radii[number] : 0.0;
}

int mtp_species_decimal(const char *name) {
  int value = 0;
  if (!*name || (*name == '0' && name[1])) return -1;
  for (; *name; name++) {
    if (*name < '0' || *name > '9' || value > (INT_MAX - 9) / 10) return -1;
    value = value * 10 + (*name - '0');
  }
  return value;
}

static int find_name(int count, const char *const *names, const char *name) {
  for (int i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return i;
  return -1;
}

/* Position in `names` of the element with that atomic number, -1 if absent. */
static int find_number(int count, const char *const *names, int number) {
  return number >= 1 && number <= MTP_ELEMENT_MAX ? find_name(count, names, elements[number].symbol) : -1;
}

/* "Al Ni" for messages. */
static void add_names(mtp_text *text, int count, const char *const *names) {
  if (!count) mtp_text_add(text, "nothing");
  for (int i = 0; i < count; i++) mtp_text_add(text, "%s%s", i ? " " : "", names[i]);
}

/* Fails or warns with both tables in the message. */
static mtp_status refuse_or_warn(mtp_context *ctx, const mtp_config_set *set, int count, const char *const *names,
                                 int culprit, bool fatal) {
  mtp_text text = {0};
  const char *path = set->path ? set->path : "the configurations";
  mtp_text_add(&text,
               fatal ? "%s: species '%s' matches none of the wanted species: found "
                     : "%s: species '%s' was taken for an atomic number; as a position it would be another "
                       "species: found ",
               path, set->names[culprit]);
  add_names(&text, set->species_count, (const char *const *)set->names);
  mtp_text_add(&text, ", wanted ");
  add_names(&text, count, names);
  mtp_status status = MTP_OK;
  if (text.failed)
    status = mtp_fail_memory(ctx);
  else if (fatal)
    status = mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s", text.data);
  else
    mtp_message(ctx, MTP_WARNING, "%s", text.data);
  mtp_text_free(&text);
  return status;
}

/* Where each species of the set goes; -1 for one that matches nothing. *doubtful becomes one that could be meant
 * otherwise, or -1. */
static void find_targets(const mtp_config_set *set, int count, const char *const *names, int *target, int *doubtful) {
  bool numbers = true;
  for (int i = 0; i < set->species_count; i++) {
    int value = mtp_species_decimal(set->names[i]);
    if (value >= 0 && find_name(count, names, set->names[i]) < 0 && find_number(count, names, value) < 0)
      numbers = false;
  }
  int ambiguous = -1;
  for (int i = 0; i < set->species_count; i++) {
    target[i] = find_name(count, names, set->names[i]);
    if (target[i] >= 0) continue;
    int value = mtp_species_decimal(set->names[i]);
    if (value >= 0 && numbers)
      target[i] = find_number(count, names, value);
    else if (value >= 0 && value < count)
      target[i] = value;
    if (numbers && value < count && value != target[i]) ambiguous = i;
  }
  /* only if all of them could be positions is there something to doubt */
  for (int i = 0; i < set->species_count && ambiguous >= 0; i++)
    if (mtp_species_decimal(set->names[i]) >= count) ambiguous = -1;
  *doubtful = ambiguous;
}

mtp_status mtp_config_set_known_species(mtp_context *ctx, const mtp_config_set *set, int count,
                                        const char *const *names, bool *known) {
  if (!set || count < 0 || (count && !names) || !known)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no species table given");
  int *target = mtp_calloc((size_t)set->species_count, sizeof *target), doubtful;
  if (!target) return mtp_fail_memory(ctx);
  find_targets(set, count, names, target, &doubtful);
  for (int i = 0; i < set->species_count; i++) known[i] = target[i] >= 0;
  free(target);
  return MTP_OK;
}

/* Names that no atom has any more may be strange. */
static mtp_status check_targets(mtp_context *ctx, const mtp_config_set *set, int count, const char *const *names,
                                const int *target) {
  for (size_t c = 0; c < set->n; c++)
    for (size_t i = 0; i < set->configs[c]->n; i++) {
      const int s = set->configs[c]->species[i];
      if (s < 0 || s >= set->species_count)
        return mtp_fail(ctx, MTP_ERR_ARGUMENT, "atom %zu of configuration %zu has species %d, the table ends at %d",
                        i + 1, c + 1, s, set->species_count - 1);
      if (target[s] < 0) return refuse_or_warn(ctx, set, count, names, s, true);
    }
  return MTP_OK;
}

static void free_names(int count, char **names) {
  for (int i = 0; names && i < count; i++) free(names[i]);
  free(names);
}

static char **copy_names(int count, const char *const *names) {
  char **copy = mtp_calloc((size_t)count, sizeof *copy);
  for (int i = 0; copy && i < count; i++) {
    copy[i] = mtp_strdup(names[i]);
    if (!copy[i]) {
      free_names(count, copy);
      return NULL;
    }
  }
  return copy;
}

mtp_status mtp_config_set_map_species(mtp_context *ctx, mtp_config_set *set, int count, const char *const *names) {
  if (!set || count < 0 || (count && !names)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no species table given");
  int *target = mtp_calloc((size_t)set->species_count, sizeof *target);
  char **table = copy_names(count, names);
  mtp_status status = target && table ? MTP_OK : mtp_fail_memory(ctx);
  int doubtful = -1;
  if (status == MTP_OK) find_targets(set, count, names, target, &doubtful);
  if (status == MTP_OK) status = check_targets(ctx, set, count, names, target);
  if (status == MTP_OK && doubtful >= 0) status = refuse_or_warn(ctx, set, count, names, doubtful, false);
  if (status == MTP_OK) {
    for (size_t c = 0; c < set->n; c++)
      for (size_t i = 0; i < set->configs[c]->n; i++) set->configs[c]->species[i] = target[set->configs[c]->species[i]];
    free_names(set->species_count, set->names);
    set->names = table;
    set->species_count = count;
    table = NULL;
  }
  free_names(count, table);
  free(target);
  return status;
}
