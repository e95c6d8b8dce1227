/* SPDX-License-Identifier: Apache-2.0 */
/* Where `sqsflow run` keeps what it did, for a person who has no agent and is not root. */
#pragma once

#include "common/base/cleanup.h"

/* $SQSFLOW_STATE, else $XDG_STATE_HOME/sqsflow, else $HOME/.local/state/sqsflow; relative ones do not count (XDG Base
 * Directory Specification), except the first. 0 with an owned path; -ENOENT when nothing names it; -ENOMEM. Pure. */
int own_state_choose(const char *sqsflow_state, const char *xdg_state_home, const char *home, char **ret) _must_check_;
/* The same from the environment. */
int own_state_folder(char **ret) _must_check_;
/* The store in it. */
int own_state_store(char **ret) _must_check_;
