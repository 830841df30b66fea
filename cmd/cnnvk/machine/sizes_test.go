package machine

import "testing"

func TestBinaryBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1023: "1023 bytes", 1 << 10: "1 KiB", 128 << 20: "128 MiB", 2 << 30: "2.0 GiB", 25276502016: "23.5 GiB", 1 << 50: "1024.0 TiB",
	} {
		if got := BinaryBytes(n); got != want {
			t.Errorf("%d: %q, expected %q", n, got, want)
		}
	}
}
