// Command build bundles static/src into static/dist: scripts and style sheets by esbuild,
// the editor's words from the type declarations of functions, and the manifest that maps
// a name to the name with the hash of its content. It runs in the root of the repository.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	source = "static/src"
	target = "static/dist"
)

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "static:", err)
		os.Exit(1)
	}
}

func build() error {
	files, err := bundle()
	if err != nil {
		return err
	}
	icon, err := os.ReadFile(filepath.Join(source, "icon.svg"))
	if err != nil {
		return fmt.Errorf("read the icon: %w", err)
	}
	files["icon.svg"] = icon
	return write(files)
}

// bundle gives the content of each entry point by its name.
func bundle() (map[string][]byte, error) {
	known, err := words(declarations)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{source + "/app.js", source + "/editor.js", source + "/syntax.js", source + "/app.css"},
		Outdir:      target, Bundle: true,
		MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true,
		Format: api.FormatIIFE, Target: api.ES2022, Charset: api.CharsetUTF8,
		Engines:       []api.Engine{{Name: api.EngineChrome, Version: "125"}, {Name: api.EngineFirefox, Version: "125"}, {Name: api.EngineSafari, Version: "17.5"}},
		LegalComments: api.LegalCommentsNone,
		LogLevel:      api.LogLevelWarning,
		Plugins:       []api.Plugin{wordsModule(known)},
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("%d errors, the first: %s", len(result.Errors), result.Errors[0].Text)
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	return files, nil
}

// wordsModule answers the import of "picloud:words" with what the editor completes.
func wordsModule(known string) api.Plugin {
	return api.Plugin{Name: "words", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: "^picloud:words$"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: args.Path, Namespace: "words"}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "words"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			return api.OnLoadResult{Contents: &known, Loader: api.LoaderJSON}, nil
		})
	}}
}

// write replaces the content of target.
func write(files map[string][]byte) error {
	if err := empty(); err != nil {
		return err
	}
	manifest := map[string]string{}
	for name, content := range files {
		hashed := hashedName(name, content)
		manifest[name] = hashed
		if err := os.WriteFile(filepath.Join(target, hashed), content, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", hashed, err)
		}
		packed, err := pack(content)
		if err != nil {
			return fmt.Errorf("compress %s: %w", hashed, err)
		}
		if err := os.WriteFile(filepath.Join(target, hashed+".gz"), packed, 0o644); err != nil {
			return fmt.Errorf("write %s.gz: %w", hashed, err)
		}
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return os.WriteFile(filepath.Join(target, "manifest.json"), text, 0o644)
}

// empty removes what an earlier build wrote, but for the placeholder.
func empty() error {
	entries, err := os.ReadDir(target)
	if err != nil {
		return fmt.Errorf("run this in the root of the repository: %w", err)
	}
	for _, e := range entries {
		if e.Name() == ".keep" {
			continue
		}
		if err := os.Remove(filepath.Join(target, e.Name())); err != nil {
			return fmt.Errorf("remove an old file: %w", err)
		}
	}
	return nil
}

func hashedName(name string, content []byte) string {
	sum := sha256.Sum256(content)
	hash := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
	extension := filepath.Ext(name)
	return strings.TrimSuffix(name, extension) + "-" + hash + extension
}

func pack(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
