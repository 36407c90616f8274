// Runs Python for the engine: programs, component plugins and policy packs. Used by the tests where no host is on PATH.
//
// Pulumi's own host is no module of the proxy. This one is the parts of it that the SDK's module offers, put together:
// toolchain (which Python), the script that runs a program, and the proxy that a policy pack starts behind. It
// generates no code and makes no project.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	// The SDK's script that connects a program to the engine; it lies beside this program.
	script = "pulumi-language-python-exec"
	// The script's exit code when it has told the user's mistake itself (in the script: PYTHON_PROCESS_EXITED...).
	toldAlready = 32
	analyzer    = "analyzer"
	// Between two looks whether the engine still lives: a killed one leaves no host behind.
	healthSeconds = 5
	// Every installed package that has a plugin says which, in a file of this name.
	listPlugins = `
import importlib.metadata, json, pathlib
files = {str(d.locate_file(f)) for d in importlib.metadata.distributions() for f in d.files or () if f.name == "pulumi-plugin.json"}
print(json.dumps([json.loads(pathlib.Path(f).read_text()) for f in sorted(files) if pathlib.Path(f).exists()]))
`
)

// version is set by the build.
var version string

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	script string
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ended, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cancel := make(chan bool)
	go func() {
		<-ended.Done()
		close(cancel)
	}()
	if len(os.Args) > 1 {
		// The engine's address: this program ends with it.
		if err := rpcutil.Healthcheck(ended, os.Args[1], healthSeconds*time.Second, stop); err != nil {
			return err
		}
	}
	served, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{script: filepath.Join(filepath.Dir(self), script)})
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(served.Port)
	return <-served.Done
}

func (h *host) Handshake(
	context.Context, *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// GetRequiredPackages names the plugin of every installed package, whether the program uses it or not.
func (h *host) GetRequiredPackages(
	ctx context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	python, err := chosen(request.Info, false)
	if err != nil {
		return nil, err
	}
	command, err := python.Command(ctx, "-c", listPlugins)
	if err != nil {
		return nil, err
	}
	said, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("looking for the plugins of the installed packages: %w", err)
	}
	var listed []struct {
		Resource              bool
		Name, Version, Server string
	}
	if err := json.Unmarshal(said, &listed); err != nil {
		return nil, err
	}
	response := &pulumirpc.GetRequiredPackagesResponse{}
	for _, one := range listed {
		if one.Resource && one.Name != "" {
			response.Packages = append(response.Packages, &pulumirpc.PackageDependency{
				Name: one.Name, Kind: "resource", Version: one.Version, Server: one.Server,
			})
		}
	}
	return response, nil
}

// InstallDependencies is `pulumi install`.
func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, server pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	closer, out, problems, err := rpcutil.MakeInstallDependenciesStreams(server, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	python, err := chosen(request.Info, request.IsPlugin)
	if err != nil {
		return err
	}
	folder := request.Info.ProgramDirectory
	if err := python.InstallDependencies(server.Context(), folder, false, true, out, problems); err != nil {
		return err
	}
	return closer.Close()
}

// Run runs a program to its end.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	python, err := chosen(request.Info, false)
	if err != nil {
		return nil, err
	}
	if err := python.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	command, err := python.Command(ctx, append([]string{h.script}, arguments(request)...)...)
	if err != nil {
		return nil, err
	}
	if command.Env == nil {
		command.Env = os.Environ()
	}
	// Lists and maps that are empty are null in JSON, and the SDK wants no variable then.
	for name, value := range map[string]any{
		"PULUMI_CONFIG": request.Config, "PULUMI_CONFIG_SECRET_KEYS": request.ConfigSecretKeys,
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if string(text) != "null" {
			command.Env = append(command.Env, name+"="+string(text))
		}
	}
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	var ended *exec.ExitError
	switch err := command.Run(); {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &ended) && ended.ExitCode() == toldAlready:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program did not end well: %v", err)}, nil
	}
}

// RunPlugin runs a component plugin or a policy pack for as long as the engine wants it.
func (h *host) RunPlugin(
	request *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	ctx, isPack := server.Context(), request.Kind == analyzer
	python, err := chosen(request.Info, !isPack)
	if err != nil {
		return err
	}
	words := append([]string{request.Info.ProgramDirectory}, request.Args...)
	if isPack {
		words = append(append([]string{"-u", "-m", "pulumi.policy"}, request.Args...), request.Info.ProgramDirectory)
	}
	command, err := python.Command(ctx, words...)
	if err != nil {
		return err
	}
	closer, out, problems, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	command.Dir, command.Env, command.Stderr = request.Pwd, append(command.Env, request.Env...), problems
	if isPack {
		command.Dir = request.Info.ProgramDirectory
		err = runPack(ctx, command, out)
	} else {
		command.Stdout = out
		err = command.Run()
	}
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code := &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(ended.ExitCode())}
		return server.Send(&pulumirpc.RunPluginResponse{Output: code})
	}
	if err != nil {
		return err
	}
	return closer.Close()
}

// runPack starts a policy pack once the engine has said for which stack: the pack reads it from its environment.
func runPack(ctx context.Context, command *exec.Cmd, out io.Writer) error {
	proxy, inner, err := sdk.NewPolicyProxy(ctx, out)
	if err != nil {
		return err
	}
	stack, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return err
	}
	if stack != nil {
		config, err := json.Marshal(stack.Config)
		if err != nil {
			return err
		}
		command.Env = append(
			command.Env,
			"PULUMI_ORGANIZATION="+stack.Organization,
			"PULUMI_PROJECT="+stack.Project,
			"PULUMI_STACK="+stack.Stack,
			"PULUMI_DRY_RUN="+strconv.FormatBool(stack.DryRun),
			"PULUMI_CONFIG="+string(config),
		)
	}
	command.Stdout = inner
	if err := command.Start(); err != nil {
		proxy.Abort(err)
		return err
	}
	return proxy.Attach(ctx, command)
}

// chosen is the Python of a project, as its runtime options in Pulumi.yaml say. A plugin is never run by the Python of
// whoever happens to start it.
func chosen(info *pulumirpc.ProgramInfo, isPlugin bool) (toolchain.Toolchain, error) {
	options := toolchain.PythonOptions{
		Root: info.RootDirectory, ProgramDir: info.ProgramDirectory, Toolchain: toolchain.Pip,
	}
	for name, value := range info.Options.AsMap() {
		text, isText := value.(string)
		switch {
		case name == "virtualenv" && isText:
			options.Virtualenv = text
		case name == "toolchain" && value == "pip":
		default:
			return nil, fmt.Errorf("runtime option %s: %v is more than this host knows: toolchain pip, virtualenv", name, value)
		}
	}
	if isPlugin && options.Virtualenv == "" {
		options.Virtualenv = "venv"
	}
	return toolchain.ResolveToolchain(options)
}

func arguments(request *pulumirpc.RunRequest) []string {
	var words []string
	for _, one := range []struct{ name, value string }{
		{"monitor", request.MonitorAddress},
		{"engine", os.Args[1]},
		{"project", request.Project},
		{"stack", request.Stack},
		{"organization", request.Organization},
		{"root_directory", request.Info.RootDirectory},
		{"pwd", request.Pwd},
		{"dry_run", strconv.FormatBool(request.DryRun)},
		{"parallel", strconv.Itoa(int(request.Parallel))},
	} {
		if one.value != "" {
			words = append(words, "--"+one.name, one.value)
		}
	}
	return append(append(words, request.Info.EntryPoint), request.Args...)
}
