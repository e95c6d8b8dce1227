/* SPDX-License-Identifier: Apache-2.0 */
/* A runner's whole life: frames in, one execution at a time, event frames out, until the driver closes the socket. */
#pragma once

/* Speaks protocol.h on the socket `fd` (which becomes the session's) until its end; then every process below this one is
 * killed. Task processes are started in the control group at `cgroup`; NULL: in the runner's own. 0 at the driver's end of
 * file; -EPROTO when it spoke nonsense; -errno. */
int session_run(int fd, const char *cgroup);
