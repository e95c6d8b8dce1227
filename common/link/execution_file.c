/* SPDX-License-Identifier: Apache-2.0 */
/* An execution's id holds the time at which it was made, so retention needs no list: most folders are passed over by
 * their names. */
#include "common/link/execution_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/beneath.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/ident.h"
#include "common/base/text.h"

#define ID_LEN (IDENT_TEXT_SIZE - 1)

static bool is_name_char(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
}

size_t execution_file_scan(const char *text, size_t len, uint64_t *ret_id, const char **ret_name) {
        const size_t scheme_len = strlen(EXECUTION_FILE_SCHEME), start = scheme_len + ID_LEN + 1;
        char id_text[IDENT_TEXT_SIZE];
        size_t end = start;
        uint64_t id;

        if (len <= start || memcmp(text, EXECUTION_FILE_SCHEME, scheme_len) != 0 || text[start - 1] != '/')
                return 0;
        memcpy(id_text, text + scheme_len, ID_LEN);
        id_text[ID_LEN] = '\0';
        if (ident_parse(id_text, &id) < 0)
                return 0;
        while (end < len && end - start < EXECUTION_FILE_NAME_MAX && is_name_char(text[end]))
                end++;
        if (end == start || text[start] == '.')
                return 0;
        if (ret_id)
                *ret_id = id;
        if (ret_name)
                *ret_name = text + start;
        return end;
}

bool execution_file_is_uri(const char *text) {
        size_t len = strlen(text);

        return len > 0 && execution_file_scan(text, len, NULL, NULL) == len;
}

char *execution_file_uri(uint64_t id, const char *name) {
        char id_text[IDENT_TEXT_SIZE];

        return text_printf(EXECUTION_FILE_SCHEME "%s/%s", ident_format(id, id_text), name);
}

/* "<id>/files/<name>" */
static char *relative_path(const char *uri) {
        const char *id = uri + strlen(EXECUTION_FILE_SCHEME);

        return text_printf("%.*s/" EXECUTION_FILES_FOLDER "%s", ID_LEN, id, id + ID_LEN);
}

char *execution_file_path(const char *executions, const char *uri) {
        _cleanup_free_ char *relative = relative_path(uri);

        return relative ? path_join(executions, relative) : NULL;
}

static int open_folder(const char *path) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int execution_file_open(const char *executions, const char *uri) {
        _cleanup_free_ char *relative = NULL;
        _cleanup_close_ int top = -1;

        if (!execution_file_is_uri(uri))
                return -EINVAL;
        relative = relative_path(uri);
        if (!relative)
                return -ENOMEM;
        top = open_folder(executions);
        return top < 0 ? top : beneath_open_file(top, relative);
}

/* --- removing ------------------------------------------------------------------------------------------------------- */

int execution_folder_remove(const char *executions, uint64_t id) {
        _cleanup_close_ int top = open_folder(executions);
        char name[IDENT_TEXT_SIZE];

        if (top < 0)
                return top == -ENOENT ? 0 : top;
        return dir_remove_all(top, ident_format(id, name));
}

/* When the last file was added; ids tell only when the execution began. */
static bool is_young(int dir_fd, const char *name, uint64_t before_usec) {
        _cleanup_free_ char *files = text_printf("%s/" EXECUTION_FILES_FOLDER, name);
        struct stat st;

        if (!files || fstatat(dir_fd, files, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return false;
        return (uint64_t)st.st_mtim.tv_sec * USEC_PER_SEC >= before_usec;
}

int execution_folders_retain(const char *executions, uint64_t before_usec, unsigned max,
                             bool (*is_running)(void *userdata, uint64_t id), void *userdata) {
        int fd = open_folder(executions), r = 0;
        const struct dirent *entry;
        uint64_t id;
        DIR *dir;

        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        dir = fdopendir(fd);
        if (!dir) {
                close_fd(fd);
                return -ENOMEM;
        }
        while (max > 0 && (entry = readdir(dir))) {
                int k;

                if (ident_parse(entry->d_name, &id) < 0 || ident_time_usec(id) >= before_usec ||
                    is_young(fd, entry->d_name, before_usec) || is_running(userdata, id))
                        continue;
                k = dir_remove_all(fd, entry->d_name);
                if (r == 0)
                        r = k;
                max--;
        }
        (void)closedir(dir);
        return r < 0 ? r : max == 0;
}
