package main

import (
	"os"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/internal/env"
	"cnnvk/net"
)

// needValidation skips the test where the validation layer does not watch what the tests run, which TestMain tells it to.
func needValidation(t *testing.T) {
	t.Helper()
	needVulkan(t)
	if on, err := env.Bool("CNNVK_VALIDATION"); err != nil || !on {
		missing(t, "validation", "the validation layer is not installed (Debian: vulkan-validationlayers), or CNNVK_VALIDATION turns it off")
	}
}

// A whole epoch with a short batch, and a validation with one, under synchronization validation.
func TestTrainUnderValidation(t *testing.T) {
	emptyFolder(t)
	needValidation(t)
	o := cnnvk("train", "--epochs", "1", "--batch-size", "8", "--out", "run")
	o.ok(t)
	checkMetrics(t, "run/metrics.csv", "1,12,")
}

// What eval does, but on fewer images than a test set has; batches of 8 leave one of 2.
func TestEvalUnderValidation(t *testing.T) {
	emptyFolder(t)
	needValidation(t)
	err := machine.Use(machine.Options{Device: os.Getenv("CNNVK_DEVICE")}, func(m *machine.Machine) error {
		s, _, err := net.Evaluate(t.Context(), m, untrained(t, nil), dataOf(cifar.Synthetic(1, 18), cifar.CIFAR100.Mean, cifar.CIFAR100.Std), 8)
		if s.Total != 18 {
			t.Errorf("%d images evaluated", s.Total)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// That silence means something: the layer's advice on best practices, which nobody can follow wholly, is a message too.
func TestValidationMessageIsError(t *testing.T) {
	emptyFolder(t)
	needValidation(t)
	o := child(t, []string{"VK_LAYER_ENABLES=VK_VALIDATION_FEATURE_ENABLE_BEST_PRACTICES_EXT"},
		"bench", "--json", "--batch-size", "2", "--repeats", "1")
	if o.code != exitFailed || o.stdout != "" {
		t.Errorf("exit code %d, standard output %q", o.code, o.stdout)
	}
	lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "cnnvk: messages of the Vulkan validation layer (CNNVK_VALIDATION=1): ") {
		t.Errorf("the last line is %q", last)
	}
}
