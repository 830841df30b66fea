package files

import (
	"os/user"
	"runtime"
	"testing"
)

func TestFromHome(t *testing.T) {
	home := "/home/somebody"
	variable := "HOME"
	if runtime.GOOS == "windows" {
		variable = "USERPROFILE"
	}
	t.Setenv(variable, home)
	cases := map[string]string{
		"~": home, "~/": home + "/", "~/x": home + "/x", "~/x/~/y": home + "/x/~/y", "~//x": home + "//x",
		"": "", "x": "x", "x/~": "x/~", "./~/x": "./~/x", "/~": "/~", " ~/x": " ~/x", "~no such user/x": "~no such user/x",
	}
	who, err := user.Current()
	if err == nil && who.HomeDir != "" && runtime.GOOS != "windows" {
		cases["~"+who.Username+"/x"] = who.HomeDir + "/x"
		cases["~"+who.Username] = who.HomeDir
		cases["~"+who.Username+"x/y"] = "~" + who.Username + "x/y"
	}
	for path, want := range cases {
		if got, err := FromHome(path); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", path, got, err, want)
		}
	}
	t.Setenv(variable, "")
	if got, err := FromHome("~/x"); err == nil && (who == nil || got != who.HomeDir+"/x") {
		t.Errorf("without the variable %q, %v", got, err)
	}
}
