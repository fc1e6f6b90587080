package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test's own program plays the guard when it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("PLAY_THE_GUARD") != "" {
		main()
	}
	os.Exit(m.Run())
}

// guard prepares a guard as a process, with secret files that are there.
func guard(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("known-to-nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0], append([]string{"--listen", "127.0.0.1:0"}, args...)...)
	command.Env = append(os.Environ(), "PLAY_THE_GUARD=1", "MINIO_ROOT_USER_FILE="+secret, "MINIO_ROOT_PASSWORD_FILE="+secret)
	return command
}

func exitCode(t *testing.T, command *exec.Cmd) (int, string) {
	t.Helper()
	output, err := command.CombinedOutput()
	if err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(output)
}

func TestItEndsAsTheStoreEnds(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137} {
		if code, output := exitCode(t, guard(t, "--", "sh", "-c", script)); code != want {
			t.Errorf("%s ended with %d, not %d: %s", script, code, want, output)
		}
	}
}

func TestSignalsAreTheStoresToActOn(t *testing.T) {
	command := guard(t, "--", "sh", "-c", `trap 'echo finished what it had begun; exit 3' TERM; echo ready; while :; do sleep 0.05; done`)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 256)
	if n, _ := out.Read(said); !strings.Contains(string(said[:n]), "ready") {
		t.Fatalf("it said %q", said[:n])
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	n, _ := out.Read(said)
	if !strings.Contains(string(said[:n]), "finished what it had begun") {
		t.Errorf("it said %q", said[:n])
	}
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != 3 {
		t.Errorf("it ended with %d", code)
	}
}

func TestTheStoreDiesWithTheGuard(t *testing.T) {
	command := guard(t, "--", "sh", "-c", `echo $$; exec sleep 300`)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 32)
	n, _ := out.Read(said)
	child := strings.TrimSpace(string(said[:n]))
	_ = command.Process.Kill()
	_ = command.Wait()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		state, err := os.ReadFile("/proc/" + child + "/stat")
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s lives on", child)
		}
	}
}

func TestItDoesNotStartWhatCouldBeReachedPastIt(t *testing.T) {
	for name, command := range map[string]*exec.Cmd{
		"no program":               guard(t),
		"a store on every address": guard(t, "--store", "0.0.0.0:9001", "--", "true"),
		"a store by name":          guard(t, "--store", "localhost:9001", "--", "true"),
	} {
		if code, output := exitCode(t, command); code != exitConfig {
			t.Errorf("%s: it ended with %d: %s", name, code, output)
		}
	}
}

// The server would fall back to a password that everybody knows.
func TestItDoesNotStartWithoutSecrets(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"", "/nonexistent", empty} {
		command := guard(t, "--", "sh", "-c", "echo started")
		command.Env = append(command.Env, "MINIO_ROOT_PASSWORD_FILE="+file)
		code, output := exitCode(t, command)
		if code != exitConfig || strings.Contains(output, "started") || !strings.Contains(output, "MINIO_ROOT_PASSWORD_FILE") {
			t.Errorf("with %q it ended with %d: %s", file, code, output)
		}
	}
}
