/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/hide.h"

#include <errno.h>
#include <sys/prctl.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define IS_TRACED_BY_ITSELF
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define IS_TRACED_BY_ITSELF
#endif

int hide_process(void) {
#ifdef IS_TRACED_BY_ITSELF
        return 0;
#else
        return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
#endif
}
