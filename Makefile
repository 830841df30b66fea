# From a fresh clone, `make train` and `make test` are enough; Go, make, gcc and git have to be there.
#
#   ARGS='--epochs 3'   goes to cnnvk (train, bench)
#   DATA=DIR            holds CIFAR-100's train.bin and test.bin
#   CYCLES=1000         how often make proof-leaks trains (default 200)
#   KILLS=200           how often make resume-test kills a training on each device (default 50)
#   VULNDB=latest       the database of make vuln
#   ROUNDS=3            of make compare (default 7); BATCHES=1 adds other batch sizes
#   DRIVERS='anv-skl'   which of them make drivers and make compare take (default: all; .ci/driver.sh has their names)
#   CNNVK_SHARED=DIR    golden cases, reference weights and packed CIFAR-100 (default ../shared, where it exists)
#
# CNNVK_DATA, CNNVK_GOLDEN and CNNVK_WEIGHTS, set by hand, win over what lies in CNNVK_SHARED.

CNNVK_SHARED ?= ../shared

# Absolute, since go test runs in each package's folder; a folder that is not there keeps its name.
absolute = $(if $(1),$(shell CDPATH= cd '$(1)' 2>/dev/null && pwd || echo '$(1)'))

# An unrelated folder of that name has no golden cases.
shared := $(shell CDPATH= cd '$(CNNVK_SHARED)/golden' 2>/dev/null && cd .. && pwd)

ifdef DATA
CNNVK_DATA := $(DATA)
endif
ifneq ($(shared),)
CNNVK_GOLDEN ?= $(shared)/golden
CNNVK_WEIGHTS ?= $(shared)/weights
ifeq ($(origin CNNVK_DATA),undefined)
CNNVK_DATA := $(shell echo "$${XDG_CACHE_HOME:-$$HOME/.cache}")/cnnvk/shared-cifar100
unpack := yes
endif
endif
export CNNVK_DATA := $(call absolute,$(CNNVK_DATA))
export CNNVK_GOLDEN := $(call absolute,$(CNNVK_GOLDEN))
export CNNVK_WEIGHTS := $(call absolute,$(CNNVK_WEIGHTS))

COMMIT := $(shell git describe --always --dirty=+changes 2>/dev/null)
# Not from the cache: the driver may have changed. make check vets.
GOTEST := go test -count=1 -vet=off -timeout 20m
CYCLES := 200
KILLS := 50
# Under the floor profile: not the reference's share, nor 10,000 test images, nor a count of what is left over, nor what asks for the profile by
# itself, nor what the host alone does: such tests pass with CNNVK_PROFILE=none, which is no profile, for they open no device. What skips
# sub-tests of any test comes last: go test looks at nothing behind it.
FLOOR_SKIP := EvalReference|LeaveNothing|^TestData|^TestFolder|Fsync|^TestHome|OutputLost|Nohup|NoticedTwice|MemoryLimits|WidthBefore|FreshStart|^TestProgress$$|^TestConfig|OtherNames|^TestResume|^TestInterrupted(Twice|Early)?$$|KillAndResume|^TestFullDisk|^TestFileLimit|^TestOwnNetwork|CIFAR10|Completion|ClassReport|ReportRefused|^TestRunIsShown|Rights|OnTerminal|LastGoodWeights|OneParameter|OnReference|^TestTune$$|NoTune|UnknownKernels|^TestCommonNetworks|ONNX|AMP$$|Pictures|HeldOut|TrainTable|Convert|/./cpu$$
# The race detector looks at the host: not at what keeps the device, the reference or other processes busy, nor at memory, of which it takes
# much, nor at pictures, which are drawn by one goroutine. Of trainings as processes of their own it sees those that are stopped, resumed, or
# two at a time. With adamw it sees trainers that are stopped at every moment; other optimisers are the plain pass's.
RACE_SKIP := ^TestGolden$$|^TestStep$$|Bench|AMP$$|ResumeSkips|OnReference|NotFinite|Peak|LeaveNothing|^TestCycles$$|NoMemory|KillAndResume|WidthBefore|FreshStart|OutputLost|^TestHome$$|MemoryLimits|Ceilings|^TestTune$$|MaxTime|FullDisk|^TestInterrupted$$|InterruptedSoon|SyntheticForm|OtherForms|CIFAR10|OtherNames|ConfigWidth|AnotherDevice|UnknownKernels|FolderGoes|FolderTaken|Fsync|NoticedTwice|BrokenManifest|ComputesNothing|OwnNetwork|OneParameter|^TestProgress$$|^TestResume$$/^[^a]|LastGoodWeights|VerboseMemory|ClassReport|ReportRefused|ONNXR|ONNXChecker|LearnPictures

# PyTorch is Debian's, so Python has to be, too.
export PYTHON ?= /usr/bin/python3
# Where make onnx installs onnxruntime, of which tests make use from then on.
export NODE_PATH ?= $(shell echo "$${XDG_CACHE_HOME:-$$HOME/.cache}")/cnnvk/npm/node_modules
ROUNDS ?= 7
BATCHES ?= 0
# The runs of make ablations, each kept and gone on with.
ABLATIONS ?= runs/ablations
EPOCHS ?= 5
BUNDLE ?= bin/cnnvk-gpu-check.tgz

.PHONY: help train test proof-leaks resume-test build bench compare drivers gpu-bundle ablations onnx vuln shaders check check-shaders data setup-run setup-test setup-compare setup-onnx clean
.NOTPARALLEL:
.DEFAULT_GOAL := build

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

train: setup-run build data ## install what is missing, build, and train (ARGS='--epochs 3', DATA=DIR)
	bin/cnnvk train $(ARGS)

test: setup-test check check-shaders data ## install what tests need, and run them all
	$(GOTEST) ./...
	@echo 'Again, what runs on the device, as if that had no more than Vulkan 1.1 guarantees:'
	CNNVK_PROFILE=floor $(GOTEST) -skip '$(FLOOR_SKIP)' ./vk/... ./engine/gpu ./net/training ./cmd/cnnvk ./cmd/cnnvk/machine
	@echo 'Again, what runs on the host, under the race detector:'
	CNNVK_REQUIRE= CNNVK_DATA= CNNVK_GOLDEN= CNNVK_WEIGHTS= GORACE=atexit_sleep_ms=0 \
		$(GOTEST) -race -skip '$(RACE_SKIP)' ./cifar ./cmd/cnnvk ./cmd/cnnvk/machine ./cmd/cnnvk/run ./engine ./engine/cpu ./internal/... ./net/... ./vk

proof-leaks: setup-test ## open devices and train 200 times in one process, and count what is left over (CYCLES=1000)
	CNNVK_CYCLES=$(CYCLES) $(GOTEST) -timeout 120m -v -run 'Cycles|LeaveNothing' ./vk ./cmd/cnnvk

resume-test: setup-test ## kill trainings at 50 random moments, resume them, and compare every bit (KILLS=200)
	CNNVK_KILLS=$(KILLS) $(GOTEST) -timeout 120m -v -run KillAndResume ./cmd/cnnvk

build: ## build bin/cnnvk
	go build -ldflags '-X main.commit=$(COMMIT)' -o bin/cnnvk ./cmd/cnnvk

bench: setup-run build ## measure this machine's device (ARGS=--json)
	bin/cnnvk bench $(ARGS)

compare: setup-compare build ## measure beside PyTorch, in turns, on an idle machine (ROUNDS=3; BATCHES=1: batches of 32 to 512 too)
	@$(PYTHON) .ci/compare.py $(ROUNDS) $(BATCHES) $(DRIVERS)

drivers: setup-test build ## test on drivers that need no GPU, fetched but not installed, and compile for GPUs of five vendors (DRIVERS='anv-skl nvk-174')
	@sh .ci/drivers.sh $(DRIVERS)

gpu-bundle: setup-run ## pack what checks this program on a machine with a GPU (BUNDLE=bin/cnnvk-gpu-check.tgz)
	@sh .ci/gpu-bundle.sh '$(BUNDLE)' '$(COMMIT)'

ablations: setup-run build data ## train with one thing changed at a time, some minutes each (ABLATIONS=DIR, EPOCHS=5)
	@sh .ci/ablations.sh '$(ABLATIONS)' $(EPOCHS)

onnx: setup-onnx data ## check exported networks with the onnx library, and compare onnxruntime with this program
	@sh .ci/onnx.sh

vuln: ## look for published vulnerabilities that the program reaches (VULNDB=latest: by the newest database)
	@VULNDB='$(VULNDB)' sh .ci/vuln.sh

shaders: ## compile the shaders again into shaders/spirv, with glslc
	@sh .ci/setup.sh shaders
	sh .ci/shaders.sh

check: ## gofmt and go vet
	@files=$$(gofmt -l .) && { [ -z "$$files" ] || { echo "gofmt -w would change:" $$files; exit 1; }; }
	go vet ./...

check-shaders: ## compare shaders/spirv with what the same glslc makes of the shaders
	@sh .ci/shaders.sh check

data: ## unpack the shared CIFAR-100, if there is any, into the cache folder
	@$(if $(unpack),sh .ci/data.sh '$(shared)' '$(CNNVK_DATA)')

setup-run setup-test setup-compare setup-onnx:
	@sh .ci/setup.sh $(@:setup-%=%)

clean: ## remove what was built; runs stay
	rm -rf bin
