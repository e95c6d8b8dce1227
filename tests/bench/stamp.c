/* SPDX-License-Identifier: Apache-2.0 */
/* A task's process that does nothing but say when it started: it appends "nanoseconds message-id" to the file
 * $STAMPS. It stands in for a flow's interpreter, so that nothing is between the spawn and the stamp. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void) {
        const char *id = getenv("SQSFLOW_MESSAGE_ID"), *stamps = getenv("STAMPS");
        struct timespec t;
        int fd, len;
        char line[160];

        clock_gettime(CLOCK_REALTIME, &t);
        fd = stamps ? open(stamps, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;
        len = snprintf(line, sizeof(line), "%lld%09ld %s\n", (long long)t.tv_sec, t.tv_nsec, id ? id : "-");
        return fd >= 0 && write(fd, line, (size_t)len) == len ? 0 : 1;
}
