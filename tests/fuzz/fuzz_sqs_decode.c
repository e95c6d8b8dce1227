/* SPDX-License-Identifier: Apache-2.0 */
/* What a server, or whoever speaks in its name, can send: every decoder gets every input. */
#include <stdint.h>
#include <stdlib.h>

#include "common/aws/credentials_provider.h"
#include "common/aws/error.h"
#include "common/aws/sqs_codec.h"
#include "common/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void receive(const char *text, size_t len) {
        struct sqs_message **messages = NULL;
        size_t count = 0;
        if (sqs_decode_receive(text, len, &messages, &count) < 0)
                return;
        for (size_t i = 0; i < count; i++)
                if (!messages[i]->message_id || !messages[i]->receipt_handle || !messages[i]->body)
                        abort();
        sqs_messages_free(messages, count);
}

static void batches(const char *text, size_t len) {
        struct sqs_batch_result results[SQS_BATCH_MAX];
        _cleanup_value_ struct value *batch = NULL, *sent = NULL;
        if (sqs_decode_batch(text, len, results, 3, &batch) == 0)
                for (size_t i = 0; i < 3; i++)
                        if (!results[i].ok && (!results[i].code || !results[i].message))
                                abort();
        if (sqs_decode_send(text, len, results, &sent) == 0 && !results[0].message_id)
                abort();
}

static void rest(const char *text, size_t len) {
        struct sqs_queue_attributes attributes = { 0 };
        _cleanup_free_ char *url = NULL;
        struct aws_credentials *credentials = NULL;
        const char *why = NULL;
        if (sqs_decode_queue_attributes(text, len, &attributes) == 0)
                sqs_queue_attributes_done(&attributes);
        (void)!sqs_decode_queue_url(text, len, &url);
        if (credentials_from_json("fuzz", text, len, &credentials, &why) == 0)
                aws_credentials_unref(credentials);
        struct aws_error e = aws_error_from_answer(400, text, len, NULL, NULL, NULL);
        if (!text_is_utf8(e.message, strlen(e.message)))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        receive((const char *)data, size);
        batches((const char *)data, size);
        rest((const char *)data, size);
        return 0;
}
