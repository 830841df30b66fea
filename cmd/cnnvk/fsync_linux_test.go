package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fsyncVariable in the environment is the number of the error that fsync ends with in the process.
const fsyncVariable = "CNNVK_TEST_FSYNC"

const exitNoFilter = 78

func init() {
	var number uint32
	if n, _ := fmt.Sscan(os.Getenv(fsyncVariable), &number); n == 0 {
		return
	}
	if err := refuse(number, unix.SYS_FSYNC, unix.SYS_FDATASYNC); err != nil {
		fmt.Fprintln(os.Stderr, "seccomp:", err)
		os.Exit(exitNoFilter)
	}
}

// refuse has the kernel end system calls of this process with an error.
func refuse(number uint32, calls ...uint32) error {
	const setModeFilter, allThreads = 1, 1                                       // SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the call's number
	for i, call := range calls {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jt: uint8(len(calls) - i)})
	}
	filter = append(filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0x7fff0000},                 // SECCOMP_RET_ALLOW
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0x00050000 | number&0xffff}) // SECCOMP_RET_ERRNO
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, allThreads, uintptr(unsafe.Pointer(&program))); e != 0 {
		return e
	}
	return nil
}

// A file system that cannot force files to the disk is one to train on, which is said once; a disk that fails is none.
func TestFsyncRefused(t *testing.T) {
	emptyFolder(t)
	train := []string{"train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "2", "--out"}
	cnnvk(append(train, "whole")...).ok(t)
	warning := regexp.MustCompile(`level=WARN msg="the file system cannot force files to the disk[^"]*" folder=\S+ error="[^"]+"\n`)
	for _, refused := range []syscall.Errno{unix.EOPNOTSUPP, unix.ENOSYS, unix.EINVAL, unix.ENOTTY} {
		run := fmt.Sprint("run-", uint(refused))
		o := child(t, []string{fmt.Sprint(fsyncVariable, "=", uint(refused))}, append(train, run)...)
		if o.code == exitNoFilter {
			t.Skip("no system call can be refused here: ", o.stderr)
		}
		o.ok(t)
		if found := warning.FindAllString(o.stderr, -1); len(found) != 1 || !strings.Contains(found[0], "folder="+run) {
			t.Errorf("%v: %s", refused, o.stderr)
		}
		sameRun(t, run, "whole")
	}
	o := child(t, []string{fmt.Sprint(fsyncVariable, "=", uint(unix.EIO))}, append(train, "run")...)
	o.failed(t, exitFailed, `^cnnvk: writing run/config\.yaml: input/output error$`, "")
	if _, err := os.Stat("run"); err == nil {
		t.Error("a run was begun on a disk that fails")
	}
}
