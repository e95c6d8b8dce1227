/* SPDX-License-Identifier: Apache-2.0 */
/* The floor under any consumer on this machine: one plain libcurl handle that receives ten messages and deletes ten,
 * again and again, until the queue is empty. It parses nothing but the receipt handles, signs nothing, runs nothing.
 *
 *     floor_queue ENDPOINT QUEUE_URL COUNT [PROGRAM]        prints {"messages": …, "cpu_us_per_message": …}
 *
 * With PROGRAM it receives one message at a time and starts that with the message's id in SQSFLOW_MESSAGE_ID. */
#include <curl/curl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define BATCH 10
#define BODY_MAX (4u * 1024 * 1024)

struct answer {
        char *data;
        size_t len;
};

static size_t on_data(char *data, size_t size, size_t count, void *userdata) {
        struct answer *a = userdata;

        if (a->len + size * count >= BODY_MAX)
                return 0;
        memcpy(a->data + a->len, data, size * count);
        a->len += size * count;
        a->data[a->len] = '\0';
        return size * count;
}

static struct curl_slist *headers_for(const char *operation) {
        struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/x-amz-json-1.0");
        char target[80];

        snprintf(target, sizeof(target), "X-Amz-Target: AmazonSQS.%s", operation);
        return curl_slist_append(list, target);
}

static void call(CURL *curl, struct curl_slist *headers, const char *body, struct answer *answer) {
        answer->len = 0;
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        if (curl_easy_perform(curl) != CURLE_OK) {
                fprintf(stderr, "a call failed\n");
                exit(1);
        }
}

/* Writes a delete batch of every receipt handle in `answer`; returns how many there were. */
static unsigned delete_body(const char *queue_url, const char *answer, char *out, size_t size) {
        static const char key[] = "\"ReceiptHandle\":\"";
        size_t used = (size_t)snprintf(out, size, "{\"QueueUrl\":\"%s\",\"Entries\":[", queue_url);
        unsigned count = 0;

        while ((answer = strstr(answer, key))) {
                const char *end = strchr(answer += strlen(key), '"');

                used += (size_t)snprintf(out + used, size - used, "%s{\"Id\":\"%u\",\"ReceiptHandle\":\"%.*s\"}",
                                         count ? "," : "", count, (int)(end - answer), answer);
                count++;
        }
        snprintf(out + used, size - used, "]}");
        return count;
}

/* Starts `program` for the first message in `answer`, if there is one, and waits for its end. */
static void run(char *program, const char *answer) {
        static const char key[] = "\"MessageId\":\"";
        const char *id = strstr(answer, key);
        char *argv[] = { program, NULL }, text[64];
        pid_t pid;

        if (!id)
                return;
        id += strlen(key);
        snprintf(text, sizeof(text), "%.*s", (int)strcspn(id, "\""), id);
        setenv("SQSFLOW_MESSAGE_ID", text, 1);
        if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0 || waitpid(pid, NULL, 0) < 0) {
                fprintf(stderr, "%s cannot be run\n", program);
                exit(1);
        }
}

static double cpu_usec(void) {
        struct rusage u;

        getrusage(RUSAGE_SELF, &u);
        return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main(int argc, char **argv) {
        static char receive[1024], delete[64 * 1024];
        struct answer answer = { .data = malloc(BODY_MAX) };
        struct curl_slist *receive_headers = headers_for("ReceiveMessage");
        struct curl_slist *delete_headers = headers_for("DeleteMessageBatch");
        CURL *curl = curl_easy_init();
        char *program = argc == 5 ? argv[4] : NULL;
        long wanted = argc == 4 || program ? strtol(argv[3], NULL, 10) : 0, done = 0;
        double begun;

        if (wanted <= 0 || !answer.data || !curl) {
                fprintf(stderr, "usage: %s ENDPOINT QUEUE_URL COUNT [PROGRAM]\n", argv[0]);
                return 2;
        }
        snprintf(receive, sizeof(receive),
                 "{\"QueueUrl\":\"%s\",\"MaxNumberOfMessages\":%d,\"WaitTimeSeconds\":1,"
                 "\"MessageSystemAttributeNames\":[\"All\"],\"MessageAttributeNames\":[\"All\"]}", argv[2], program ? 1 : BATCH);
        curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
        begun = cpu_usec();
        while (done < wanted) {
                unsigned count;

                call(curl, receive_headers, receive, &answer);
                if (program)
                        run(program, answer.data);
                count = delete_body(argv[2], answer.data, delete, sizeof(delete));
                if (count)
                        call(curl, delete_headers, delete, &answer);
                done += count;
        }
        printf("{\"messages\": %ld, \"cpu_us_per_message\": %.2f}\n", done, (cpu_usec() - begun) / (double)done);
        curl_slist_free_all(receive_headers);
        curl_slist_free_all(delete_headers);
        curl_easy_cleanup(curl);
        free(answer.data);
        return 0;
}
