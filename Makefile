# cnnvk on Debian or Ubuntu with Go, make, gcc and git: "make train" and "make test" install what else they need.
# "make help" lists the targets.

.DEFAULT_GOAL := build
.PHONY: build train test bench shaders check-shaders check-format setup setup-tests data clean help

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cnnvk

# A folder with golden cases, reference weights and a packed CIFAR-100, if there is one beside the checkout. The programs
# know it only by the three variables below; a value that is set already wins.
CNNVK_SHARED ?= ../shared
SHARED := $(abspath $(wildcard $(CNNVK_SHARED)))
ifneq ($(SHARED),)
export CNNVK_GOLDEN ?= $(SHARED)/golden
export CNNVK_WEIGHTS ?= $(SHARED)/weights
ifneq ($(wildcard $(SHARED)/data/unpack.go),)
ifeq ($(CNNVK_DATA)$(DATA),)
export CNNVK_DATA := $(CACHE)/shared-cifar100
UNPACK := go run $(SHARED)/data/unpack.go -o $(CNNVK_DATA)
endif
endif
endif
ifneq ($(DATA),)
export CNNVK_DATA := $(abspath $(DATA))
endif

COMMIT := $(shell git describe --always --dirty=+changes 2>/dev/null)

build: ## build bin/cnnvk
	go build -ldflags '-X main.commit=$(COMMIT)' -o bin/cnnvk ./cmd/cnnvk

train: setup data build ## install what is missing, build, train: make train ARGS='--epochs 3' DATA=dir
	bin/cnnvk train $(ARGS)

bench: setup build ## measure images/s on random pixels
	bin/cnnvk bench $(ARGS)

# Host code runs under the race detector, too; what computes for long on one goroutine does not, for it would take ten times as long.
test: setup-tests data check-format check-shaders ## install what tests need and run them all
	go vet ./...
	go test -timeout 20m ./...
	go test -race -timeout 20m ./cifar ./engine ./vk

check-format:
	@files=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$files" || { echo "gofmt would change: $$files"; exit 1; }

shaders: ## compile the shaders anew with glslc
	sh .ci/setup.sh glslc
	rm -f shaders/spirv/*.spv
	shaders/compile.sh

check-shaders: ## hold the compiled shaders against their source, where that very glslc is installed
	sh .ci/check-shaders.sh

setup:
	@sh .ci/setup.sh vulkan

setup-tests:
	@sh .ci/setup.sh vulkan validation

data:
	@$(UNPACK)

clean: ## remove what was built
	rm -rf bin

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1|/' | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'
