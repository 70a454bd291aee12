# Everything that is done with this tree. `make check` is what continuous
# integration does before the comparisons with other programs (`make oracle`) and
# with a kernel (`make kernel`).

GO        ?= go
BIN       ?= bin
PREFIX    ?= /usr/local
FUZZTIME  ?= 30s
BENCHTIME ?= 1s
COUNT     ?= 10
ARCHES    ?= amd64 arm64 riscv64 ppc64le s390x
SYSTEM_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/seward/system
KERNEL_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/seward/kernel
TOOL       = $(GO) tool -modfile=tools/go.mod
PACKAGES  ?= ./...

# Programs that seward is compared with, and what builds or runs comparisons.
PEERS = secilc checkpolicy setools policycoreutils semodule-utils selinux-utils \
	selinux-policy-default selinux-policy-mls libsepol-dev gcc libc6-dev auditd qemu-system-x86 \
	policycoreutils-python-utils python3-selinux dbus-daemon dbus-bin bubblewrap runc busybox-static \
	mmdebstrap openssh-client iproute2 golang-github-containers-common

export CGO_ENABLED = 0

.PHONY: attack soak storm all build install test race lint fmt fuzz bench perf cover cross check oracle kernel kernel-image system system-image peers tidy clean

all: build

build:
	$(GO) build -trimpath -ldflags '-s -w -buildid=' -o $(BIN)/seward ./cmd/seward

# The binary, and the classic names as links to it.
install: build
	install -D -m 0755 $(BIN)/seward $(DESTDIR)$(PREFIX)/bin/seward
	ln -sf seward $(DESTDIR)$(PREFIX)/bin/secilc

test:
	$(GO) test $(PACKAGES)

# The race detector needs a C compiler; nothing else here does.
race:
	CGO_ENABLED=1 $(GO) test -race $(or $(RACE),./security/... ./enforce/selinuxfs/... ./label/... ./format/cil/syntax)

lint:
	$(GO) vet $(PACKAGES)
	@unformatted=$$($(TOOL) gofumpt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; fi
	$(TOOL) staticcheck $(PACKAGES)
	$(GO) tool -modfile=tools/golangci-lint/go.mod golangci-lint run $(PACKAGES)

fmt:
	$(TOOL) gofumpt -w $$(git ls-files '*.go')

# Every fuzz target for FUZZTIME.
fuzz:
	@set -e; for pkg in $$($(GO) list $(PACKAGES)); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

# All benchmarks; bench.old, if there is one, is what they are compared with.
bench:
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) -count $(COUNT) $(PACKAGES) | tee bench.new
	@if [ -f bench.old ]; then $(TOOL) benchstat bench.old bench.new; fi

# What supervision costs, beside native and what strace, proot and runsc cost
# (docs/performance.md). PIN=0 keeps all of it on one processor.
perf:
	SEWARD_SPEED=1 $(if $(PIN),taskset -c $(PIN)) $(GO) test -count=1 -v -timeout 2h -run '^TestReport$$' ./internal/speed

cover:
	$(GO) test -coverprofile=cover.out $(PACKAGES)
	$(GO) tool cover -func=cover.out | tail -1

# Word size and byte order of other machines. What makes system calls is for 64
# bits; the rest is not.
PORTABLE = ./policy/... ./format/... ./security/... ./label/... ./basepolicy/... ./internal/getopt/...
cross:
	@set -e; for arch in $(ARCHES); do echo "linux/$$arch"; GOOS=linux GOARCH=$$arch $(GO) build ./...; done
	GOOS=linux GOARCH=386 $(GO) build $(PORTABLE)

tidy:
	$(GO) mod tidy -diff

check: build lint test race cross

# Differential tests: absent programs are failures.
oracle: peers
	SEWARD_REQUIRE_ORACLES=1 $(GO) test $(PACKAGES)

# The kernel as the oracle: it loads what seward compiled and answers the same
# questions.
kernel: kernel-image
	SEWARD_REQUIRE_ORACLES=1 SEWARD_KERNEL=1 $(GO) test -v -count=1 -timeout 30m -run '^TestKernel' ./internal/kernelvm ./internal/kerneldiff

# Races between a check and what comes after it, each for RACE_TIME; everything at
# once for SOAK_TIME. The ordinary tests do both for seconds.
RACE_TIME ?= 10m
SOAK_TIME ?= 30m
attack:
	SEWARD_RACE_TIME=$(RACE_TIME) $(GO) test -v -count=1 -timeout 24h -run 'Race' ./enforce/supervisor
storm:
	SEWARD_RACE_TIME=$(RACE_TIME) $(GO) test -v -count=1 -timeout 24h -run 'Storm|TestHog' ./enforce/supervisor
soak:
	SEWARD_SOAK=$(SOAK_TIME) $(GO) test -v -count=1 -timeout 24h -run '^TestSoak$$' ./enforce/supervisor

# A whole Debian with its services, under its own policy.
system: system-image
	SEWARD_REQUIRE_ORACLES=1 SEWARD_SYSTEM=$(SYSTEM_DIR)/debian-bookworm $(GO) test -v -count=1 -timeout 10m -run '^TestSystem' ./cmd/seward

system-image: peers
	@.ci/system-image $(SYSTEM_DIR)/debian-bookworm

kernel-image:
	@.ci/kernel-image $(KERNEL_DIR)

# Installs the peers where that is possible: as root, with apt.
peers:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		dpkg -s $(PEERS) >/dev/null 2>&1 || { apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(PEERS); } \
	fi

clean:
	rm -rf $(BIN) dist cover.out bench.new
