package vk

import "testing"

func TestComputeFamily(t *testing.T) {
	const graphics, compute, transfer = 1, 2, 4
	all := queueFamily{graphics | compute | transfer, 16, 64}
	allUntimed := queueFamily{graphics | compute | transfer, 1, 0}
	alone := queueFamily{compute | transfer, 8, 64}
	aloneUntimed := queueFamily{compute, 2, 0}
	copies := queueFamily{transfer, 2, 64}
	picture := queueFamily{graphics, 1, 64}
	type families = []queueFamily
	for _, c := range []struct {
		why      string
		families families
		want     int
	}{
		{"a device with one", families{all}, 0},
		{"NVIDIA and AMD: for computing alone", families{all, copies, alone}, 2},
		{"the first of several", families{copies, alone, alone}, 1},
		{"for computing alone without a clock: the desktop's", families{all, aloneUntimed}, 0},
		{"nor the other way round", families{aloneUntimed, all}, 1},
		{"a clock, if any has one", families{allUntimed, all}, 1},
		{"none has a clock: the first", families{allUntimed, aloneUntimed}, 0},
		{"a family without queues", families{all, {compute, 0, 64}}, 0},
		{"none can compute", families{copies, picture}, -1},
		{"none at all", nil, -1},
	} {
		if got := computeFamily(c.families); got != c.want {
			t.Errorf("%s: %d, expected %d", c.why, got, c.want)
		}
	}
}

// The device is opened with the family that was chosen, and has that one's clock.
func TestQueueFamily(t *testing.T) {
	onlyFakeDriver(t)
	for kinds, want := range map[string]struct {
		family     uint32
		timestamps bool
	}{"c": {0, false}, "d": {1, true}} {
		t.Setenv("FAKE_DEVICES", kinds)
		in, err := Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := uint32(in.found[0].queue_family); got != want.family || in.infos[0].Features.Timestamps != want.timestamps {
			t.Errorf("%s: family %d, %+v, expected %+v", kinds, got, in.infos[0].Features, want)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}
