#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes tls/: a certificate authority of nobody and a certificate for 127.0.0.1 that it signed. The key is public: it
# protects nothing but a test's own server.
set -eu
cd "$(dirname "$0")/tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj "/CN=sqsflow test authority" \
        -keyout authority.key -out authority.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=127.0.0.1" -keyout server.key -out server.csr
printf 'subjectAltName=IP:127.0.0.1\n' >server.ext
openssl x509 -req -days 36500 -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -extfile server.ext \
        -out server.crt
cat server.key server.crt >server.pem
rm -f authority.key authority.srl server.key server.csr server.ext server.crt
