# SPDX-License-Identifier: Apache-2.0
# What a host gets: documents made from the programs, `make install`, and the packages, which install the same tree.
# Included by the Makefile.

SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
INSTALLED := sqsflow sqsflow-agent sqsflow-runner

.PHONY: programs documents
programs: $(INSTALLED:%=$(BUILD)/bin/%)

# --- made from the tables and the help of the programs ---------------------------------------------------------------
$(BUILD)/tool/describe: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard packaging/describe/*.c)) $(COMMON)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(STORE_LIBS) $(AWS_LIBS) $(BASE_LIBS)

DOCUMENTS := $(BUILD)/doc/.made
documents: $(DOCUMENTS)
$(DOCUMENTS): $(wildcard packaging/*.py packaging/man/* packaging/completion/*) $(INSTALLED:%=$(BUILD)/bin/%) $(BUILD)/tool/describe
	@mkdir -p $(@D)
	$(PYTHON) packaging/documents.py --programs $(BUILD)/bin --describe $(BUILD)/tool/describe --version $(VERSION) --output $(@D)
	@touch $@

# --- install -----------------------------------------------------------------------------------------------------------
# A unit for systemd 249 cannot load a folder of credentials.
OLD_SYSTEMD := $(shell pkg-config --max-version=249.99 libsystemd 2>/dev/null && echo yes)
UNIT_FILTER := $(if $(filter yes,$(OLD_SYSTEMD)),/^LoadCredential=/s/^/#/;)s|/usr/sbin/|$(PREFIX)/sbin/|
MAN_PAGES := man1/sqsflow.1 man5/sqsflow-agent.yaml.5 man7/sqsflow-flow.7 man8/sqsflow-agent.8 man8/sqsflow-runner.8
to = $(DESTDIR)$(1)

.PHONY: install
install: programs documents ## Install into DESTDIR/PREFIX
	install -D -m 0755 $(BUILD)/bin/sqsflow $(call to,$(PREFIX)/bin/sqsflow)
	install -D -m 0755 $(BUILD)/bin/sqsflow-agent $(call to,$(PREFIX)/sbin/sqsflow-agent)
	install -D -m 0755 $(BUILD)/bin/sqsflow-runner $(call to,$(PREFIX)/libexec/sqsflow/sqsflow-runner)
	install -d -m 0755 $(call to,$(SYSCONFDIR)/sqsflow/flows) $(call to,$(SYSCONFDIR)/sqsflow/instances)
	install -d -m 0750 $(call to,$(SYSCONFDIR)/sqsflow/secrets)
	[ -e $(call to,$(SYSCONFDIR)/sqsflow/agent.yaml) ] || \
	  install -m 0640 config/agent.yaml $(call to,$(SYSCONFDIR)/sqsflow/agent.yaml)
	install -d $(call to,$(UNITDIR))
	sed -e '$(UNIT_FILTER)' systemd/sqsflow.service >$(call to,$(UNITDIR)/sqsflow.service)
	sed -f systemd/instance.sed -e '$(UNIT_FILTER)' systemd/sqsflow.service >$(call to,$(UNITDIR)/sqsflow@.service)
	chmod 0644 $(call to,$(UNITDIR)/sqsflow.service) $(call to,$(UNITDIR)/sqsflow@.service)
	install -D -m 0644 systemd/sqsflow.sysusers $(call to,$(PREFIX)/lib/sysusers.d/sqsflow.conf)
	install -D -m 0644 systemd/sqsflow.tmpfiles $(call to,$(PREFIX)/lib/tmpfiles.d/sqsflow.conf)
	install -D -m 0644 systemd/sqsflow.preset $(call to,$(PREFIX)/lib/systemd/system-preset/90-sqsflow.preset)
	install -D -m 0644 systemd/sqsflow.catalog $(call to,$(PREFIX)/lib/systemd/catalog/sqsflow.catalog)
	for page in $(MAN_PAGES); do \
	  install -D -m 0644 $(BUILD)/doc/man/$${page##*/} $(call to,$(PREFIX)/share/man)/$$page || exit 1; done
	install -D -m 0644 $(BUILD)/doc/completion/sqsflow.bash $(call to,$(PREFIX)/share/bash-completion/completions/sqsflow)
	install -D -m 0644 $(BUILD)/doc/completion/_sqsflow $(call to,$(PREFIX)/share/zsh/vendor-completions/_sqsflow)
	install -D -m 0644 $(BUILD)/doc/completion/sqsflow.fish $(call to,$(PREFIX)/share/fish/vendor_completions.d/sqsflow.fish)
	install -d $(call to,$(PREFIX)/share/sqsflow) $(call to,$(PREFIX)/share/doc/sqsflow/examples/flows)
	install -m 0644 $(wildcard config/*.schema.json) $(call to,$(PREFIX)/share/sqsflow)
	install -m 0644 README.md $(call to,$(PREFIX)/share/doc/sqsflow)
	install -m 0644 config/agent.yaml systemd/open.conf config/instance.yaml $(call to,$(PREFIX)/share/doc/sqsflow/examples)
	install -m 0644 config/flows/*.yaml $(call to,$(PREFIX)/share/doc/sqsflow/examples/flows)

# --- the agent with its fault switches (agent/fault.h), for the system tests --------------------------------------------
.PHONY: faults
faults: $(BUILD)/faults/sqsflow-agent
$(BUILD)/faults/sqsflow-agent: $(patsubst %.c,$(BUILD)/faults/obj/%.o,$(wildcard agent/*.c)) $(COMMON)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(STORE_LIBS) $(AWS_LIBS) $(BASE_LIBS)
$(BUILD)/faults/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DSQSFLOW_FAULTS $(CFLAGS) -MMD -MP -c -o $@ $<
-include $(wildcard $(BUILD)/faults/obj/agent/*.d)

# --- packages ------------------------------------------------------------------------------------------------------------
PACKAGES_DIR := $(BUILD)/packages
.PHONY: deb rpm
deb: ## Build the Debian package below build/packages
	@packaging/build.sh deb $(VERSION) $(PACKAGES_DIR)
rpm: ## Build the RPM package below build/packages
	@packaging/build.sh rpm $(VERSION) $(PACKAGES_DIR)

.PHONY: check-reproducible
check-reproducible: ## Build the packages twice and compare them; the Debian ones in different folders
	@rm -rf $(BUILD)/again && mkdir -p $(BUILD)/again/second/folder
	@packaging/build.sh deb $(VERSION) $(BUILD)/again/first >/dev/null
	@packaging/build.sh deb $(VERSION) $(BUILD)/again/second/folder >/dev/null
	@packaging/build.sh rpm $(VERSION) $(BUILD)/again/rpm >/dev/null && cp $(BUILD)/again/rpm/*.rpm $(BUILD)/again/first
	@packaging/build.sh rpm $(VERSION) $(BUILD)/again/rpm >/dev/null && mv $(BUILD)/again/rpm/*.rpm $(BUILD)/again/second/folder
	@for package in $(BUILD)/again/first/*.deb $(BUILD)/again/first/*.rpm; do \
	  cmp $$package $(BUILD)/again/second/folder/$${package##*/} || exit 1; echo "same: $${package##*/}"; done

# --- the packages on a booted system ------------------------------------------------------------------------------------
# Built anew only when a source changed: the suite takes long enough. Its tests go on from one another, so that the first
# failure is the one to look at.
SYSTEM_STAMP := $(PACKAGES_DIR)/.built
.PHONY: check-system
ifeq ($(wildcard /etc/debian_version),)
check-system:
	@echo "check-system: skipped: it takes a Debian or Ubuntu host to build and boot the packages"
else
check-system: all faults $(SYSTEM_STAMP) ## The packages, on a Debian booted for the purpose; needs root
	@SQSFLOW_PACKAGES=$(PACKAGES_DIR) SQSFLOW_BUILD=$(BUILD) SQSFLOW_BIN=$(BUILD)/bin \
	  nice $(PYTHON) -m pytest -q -rfEs -x --tb=short -p no:cacheprovider $(SYSTEM_ARGS) tests/system
$(SYSTEM_STAMP): $(wildcard $(shell git ls-files --cached --others --exclude-standard 2>/dev/null | grep -v '^tests/'))
	@packaging/install-deps.sh build system
	@rm -f $(PACKAGES_DIR)/*.deb $(PACKAGES_DIR)/*.rpm
	@packaging/build.sh deb $(VERSION) $(PACKAGES_DIR)
	@packaging/build.sh rpm $(VERSION) $(PACKAGES_DIR)
	@touch $@
endif
