/* SPDX-License-Identifier: Apache-2.0 */
/* Log levels as flows write them (TRACE, DEBUG, INFO, WARN, ERROR; any case), as syslog levels. */
#pragma once

/* `otherwise` for NULL and unknown names. Pure. */
int log_level_of(const char *name, int otherwise);
