/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what this process knows from other processes of the same user.
 *
 * Tasks run as the user of the agent or of `sqsflow run`, whose environments hold SECRET_… variables and AWS keys: without
 * this, /proc/<pid>/environ, /proc/<pid>/mem and ptrace(2) would show them to every task. The kernel makes no core file of
 * such a process either. It lasts until the next exec, so that children are as they always are. */
#pragma once

#include "common/base/cleanup.h"

/* 0 or -errno. In builds with AddressSanitizer it does nothing, since the leak checker traces its own process. */
int hide_process(void) _must_check_;
