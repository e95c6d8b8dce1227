/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define ANSWER_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define ANSWER_SECONDS_MAX 5

/* A call with a limit of time is interrupted when the process is stopped and goes on, as by Ctrl-Z and fg (signal(7)). */
static bool is_interrupted(ssize_t result) {
        return result < 0 && errno == EINTR;
}

static int connect_to(const char *path, int *ret_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timeval limit = { .tv_sec = ANSWER_SECONDS_MAX };
        _cleanup_close_ int fd = -1;
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
                return -errno;
        do
                r = connect(fd, (struct sockaddr *)&address, sizeof(address));
        while (is_interrupted(r));
        if (r < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int read_all(int fd, struct buf *b) {
        for (;;) {
                char *p = buf_reserve(b, 16384);
                ssize_t n;

                if (!p)
                        return buf_error(b);
                n = read(fd, p, 16384);
                if (is_interrupted(n))
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                buf_commit(b, (size_t)n);
        }
}

int agent_socket_ask(const char *path, const char *request, struct value **ret) {
        _cleanup_value_ struct value *v = NULL;
        struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
        _cleanup_close_ int fd = -1;
        size_t len = strlen(request);
        ssize_t sent;
        int r = connect_to(path, &fd);

        if (r == 0) {
                do
                        sent = send(fd, request, len, MSG_NOSIGNAL);
                while (is_interrupted(sent));
                r = sent == (ssize_t)len ? 0 : -errno;
        }
        if (r == 0)
                r = read_all(fd, &answer);
        if (r == 0)
                r = json_parse(answer.data ? answer.data : "", answer.len, &v, NULL, NULL);
        buf_done(&answer);
        if (r == 0 && value_type(v) != VALUE_MAP)
                r = -EBADMSG;
        if (r == 0)
                *ret = TAKE_PTR(v);
        return r;
}

int agent_socket_path(const char *verb, const char *socket, const char *config_file, char **ret) {
        _cleanup_(config_freep) struct config *config = NULL;
        int code = socket ? 0 : load_config(verb, config_file, &config);

        if (code != 0)
                return code;
        *ret = text_dup(socket ? socket : config->socket);
        return *ret ? 0 : complain(verb, EXIT_FAILED, "out of memory");
}

int agent_socket_complain(const char *verb, const char *path, int error) {
        if (error == -EBADMSG)
                return complain(verb, EXIT_UNREACHABLE, "the answer at %s is not an agent's", path);
        if (error == -EACCES)
                return complain(verb, EXIT_UNREACHABLE, "the agent's socket %s is not open to you (sudo?)", path);
        if (error == -EAGAIN)
                return complain(verb, EXIT_UNREACHABLE, "the agent at %s does not answer", path);
        return complain(verb, EXIT_UNREACHABLE, "no agent answers at %s: %s", path, strerror(-error));
}
