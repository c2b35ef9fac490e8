/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/plugin.c
 * The driver `plugin LIBRARY ARGUMENTS`: a shared library with the interface of mtp/qm_plugin.h, one instance a worker.
 */
#include "mtp/qm_plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "config/compare.h"
#include "qm/drivers/drivers.h"
#include "qm/process/folder.h"
#include "support/support.h"

#define ENTRY "mtp_qm_plugin_entry"

typedef struct plugin {
  void *library;
  const mtp_qm_plugin *table;
  int count;
  void **instances; /* [count] */
} plugin;

static void plugin_close(void *state) {
  plugin *p = state;
  while (p->count > 0) p->table->close(p->instances[--p->count]);
  free(p->instances);
  /* what a library leaves behind (threads, handlers) outlives it, so its code stays mapped */
  free(p);
}

/* A bare name is looked for where the loader looks; with a slash it is a file. */
static mtp_status load(mtp_context *ctx, plugin *p, const char *name) {
  char *current = strchr(name, '/') ? mtp_folder_current() : NULL;
  char *path = current ? mtp_folder_absolute(current, name) : mtp_strdup(name);
  free(current);
  if (path) p->library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  free(path);
  if (!p->library) {
    const char *error = dlerror();
    return mtp_fail(ctx, MTP_ERR_QM, "plugin: cannot load %s: %s", name, error ? error : "out of memory");
  }
  mtp_qm_plugin_function entry = NULL;
  void *symbol = dlsym(p->library, ENTRY);
  memcpy(&entry, &symbol, sizeof entry); /* C knows no conversion from an object to a function */
  if (!entry) return mtp_fail(ctx, MTP_ERR_QM, "plugin: %s has no function " ENTRY, name);
  p->table = entry();
  const mtp_qm_plugin *t = p->table;
  if (!t) return mtp_fail(ctx, MTP_ERR_QM, "plugin: %s cannot serve here", name);
  if (t->version != MTP_QM_PLUGIN_VERSION)
    return mtp_fail(ctx, MTP_ERR_QM, "plugin: %s is of interface version %d, expected %d", name, t->version,
                    MTP_QM_PLUGIN_VERSION);
  if (!t->open || !t->compute || !t->close)
    return mtp_fail(ctx, MTP_ERR_QM, "plugin: %s lacks open, compute or close", name);
  return MTP_OK;
}

static mtp_status open_instances(mtp_context *ctx, plugin *p, int workers, int count, const char *const *arguments) {
  if (workers > 1 && !p->table->parallel)
    return mtp_fail(ctx, MTP_ERR_QM, "workers=%d: this plugin makes one call after the other", workers);
  p->instances = mtp_calloc((size_t)workers, sizeof *p->instances);
  if (!p->instances) return mtp_fail_memory(ctx);
  while (p->count < workers) {
    char message[512] = "";
    if (p->table->open(count, arguments, &p->instances[p->count], message, sizeof message) != MTP_QM_PLUGIN_OK)
      return mtp_fail(ctx, MTP_ERR_QM, "plugin %s: %s", p->table->name ? p->table->name : "",
                      message[0] ? message : "it gives no reason");
    p->count++;
  }
  return MTP_OK;
}

static mtp_qm_status plugin_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                                 const char *const *arguments, void **state) {
  (void)user;
  if (count < 1) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "plugin: expected a LIBRARY after the name");
  plugin *p = mtp_calloc(1, sizeof *p);
  if (!p) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "out of memory");
  mtp_status status = load(ctx, p, arguments[0]);
  if (status == MTP_OK) status = open_instances(ctx, p, setup->workers, count - 1, arguments + 1);
  if (status == MTP_OK)
    *state = p;
  else
    plugin_close(p);
  return status == MTP_OK ? MTP_QM_OK : MTP_QM_CANNOT_START;
}

static mtp_qm_plugin_input input_of(const mtp_qm_call *call) {
  const mtp_config *cfg = call->config;
  mtp_qm_plugin_input in = {
      .n = cfg->n, .x = cfg->x, .species = cfg->species, .species_count = call->species_count, .names = call->names};
  memcpy(in.cell, cfg->cell, sizeof in.cell);
  for (int k = 0; k < 3; k++) in.periodic[k] = cfg->periodic[k];
  return in;
}

static mtp_qm_status plugin_label(void *state, mtp_qm_call *call) {
  const plugin *p = state;
  char message[512] = "";
  mtp_config *label = call->label;
  if (mtp_config_require_force(NULL, label) != MTP_OK)
    return mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "out of memory");
  const mtp_qm_plugin_input in = input_of(call);
  mtp_qm_plugin_output out = {.force = label->force};
  mtp_qm_plugin_result result = p->table->compute(p->instances[call->worker], &in, &out, message, sizeof message);
  message[sizeof message - 1] = 0;
  if (result != MTP_QM_PLUGIN_OK) {
    const mtp_qm_status said = result == MTP_QM_PLUGIN_NOT_CONVERGED ? MTP_QM_NOT_CONVERGED : MTP_QM_CRASHED;
    return mtp_qm_fail(call->ctx, said, "%s", message);
  }
  label->has_energy = true;
  label->energy = out.energy;
  label->has_virial = out.has_virial && mtp_config_is_periodic(label);
  memcpy(label->virial, out.virial, sizeof label->virial);
  return MTP_QM_OK;
}

const mtp_qm_driver mtp_qm_plugin_driver = {.name = "plugin",
                                            .parallel = true,
                                            .in_process = true,
                                            .deterministic = true,
                                            .open = plugin_open,
                                            .label = plugin_label,
                                            .close = plugin_close};
