/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of cgroup.h share. */
#pragma once

/* Kills everything in the group whose folder `fd` is, and waits until it is empty: 0; -EBUSY after a second; -errno. */
int cgroup_kill_at(int fd);
