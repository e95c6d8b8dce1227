# SPDX-License-Identifier: Apache-2.0
# Makes sqsflow@.service from sqsflow.service: the same agent and the same sandbox, with files of its own; the secrets are shared.
# For instance "orders": /etc/sqsflow/instances/orders/agent.yaml, which must say
#   state: /var/lib/sqsflow/instances/orders
#   socket: /run/sqsflow/orders.sock
1,/^\[Unit\]/{
  s|^# The agent of /etc/sqsflow/agent.yaml\..*|# A further agent: /etc/sqsflow/instances/%i/agent.yaml, with "state: /var/lib/sqsflow/instances/%i" and\n# "socket: /run/sqsflow/%i.sock" in it. Made from sqsflow.service.|
  s|systemctl edit sqsflow\.|systemctl edit sqsflow@.|
}
s|^Description=.*|& (%i)|
s|/etc/sqsflow/agent|/etc/sqsflow/instances/%i/agent|
s|^StateDirectory=sqsflow|&/instances/%i|
s|^ConfigurationDirectory=sqsflow|&/instances/%i|
