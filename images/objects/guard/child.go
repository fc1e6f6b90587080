package main

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// Signals that are the child's to act on. The rest keep their meaning for the guard itself.
var passedOn = []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}

type child struct {
	command *exec.Cmd
	signals chan os.Signal
}

// The kernel kills the child when the thread that started it ends, so that thread has to stay: it is the main one.
func init() { runtime.LockOSThread() }

// startChild starts the store with our environment; it dies when the guard does, however that comes about.
func startChild(command []string) (*child, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passedOn...)
	c := &child{exec.Command(command[0], command[1:]...), signals}
	c.command.Stdout, c.command.Stderr = os.Stdout, os.Stderr
	c.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c, c.command.Start()
}

// wait passes signals on until the child has ended, and gives its exit code. stopping is called at the first signal that
// asks for an end: from then on no new connection is taken, while the store finishes what it has begun.
func (c *child) wait(stopping func()) int {
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-c.signals:
				if s == syscall.SIGTERM || s == syscall.SIGINT {
					stopping()
				}
				_ = c.command.Process.Signal(s)
			case <-ended:
				return
			}
		}
	}()
	err := c.command.Wait()
	close(ended)
	if err == nil {
		return 0
	}
	status, ok := c.command.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return max(1, c.command.ProcessState.ExitCode())
}

func (c *child) end() { _ = c.command.Process.Signal(syscall.SIGTERM) }
