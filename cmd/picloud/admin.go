package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine"
	"picloud/engine/access"
	"picloud/engine/account"
	"picloud/engine/seal"
	"picloud/engine/variable"
)

const tokenLife = 30 * 24 * time.Hour

// adminCommand is one of `picloud admin …`. Its result is printed.
type adminCommand struct {
	arguments string // as the usage names them; empty: none
	run       func(ctx context.Context, settings engine.ManagerConfig, pool *pgxpool.Pool, argument string) (string, error)
}

func adminCommands() map[string]adminCommand {
	return map[string]adminCommand{
		"reset-password": {"<email>", func(ctx context.Context, _ engine.ManagerConfig, pool *pgxpool.Pool, email string) (string, error) {
			return access.New(pool, access.Config{}).ResetPassword(ctx, email)
		}},
		"token": {"<email>", func(ctx context.Context, _ engine.ManagerConfig, pool *pgxpool.Pool, email string) (string, error) {
			secret, _, err := access.New(pool, access.Config{}).MintKey(ctx, email, tokenLife)
			return secret, err
		}},
		"rotate-key": {"", rotateKey},
	}
}

// admin is `picloud admin …`: it goes to the database directly, also while the server runs.
func admin(ctx context.Context, c *config, arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("want: picloud admin " + adminUsage(""))
	}
	name, rest := arguments[0], arguments[1:]
	command, found := adminCommands()[name]
	if !found {
		return fmt.Errorf("unknown admin command %q; there are %s", name, adminUsage(""))
	}
	if wanted := len(strings.Fields(command.arguments)); len(rest) != wanted {
		return errors.New("want: picloud admin " + adminUsage(name))
	}
	settings, err := c.existing()
	if err != nil {
		return err
	}
	pool, done, err := engine.OpenDatabase(ctx, settings)
	if err != nil {
		return err
	}
	defer done()
	result, err := command.run(ctx, settings, pool, strings.Join(rest, ""))
	if db.IsUnmade(err) {
		return errors.New("the database has no PiCloud in it yet: run picloud serve or picloud migrate first")
	}
	if err != nil {
		return err
	}
	fmt.Println(result)
	return nil
}

// adminUsage is how a command is written, or how all are.
func adminUsage(name string) string {
	var all []string
	for each, command := range adminCommands() {
		if name == "" || each == name {
			all = append(all, strings.TrimSpace(each+" "+command.arguments))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// rotateKey seals all secrets with another key while the service runs: the first of those that
// are given, or else a new one in the data folder.
func rotateKey(ctx context.Context, settings engine.ManagerConfig, pool *pgxpool.Pool, _ string) (string, error) {
	dir, err := seal.DirIn(settings.DataDir)
	if err != nil {
		return "", err
	}
	keys, err := seal.Open(settings.SecretKey, dir)
	if err != nil {
		return "", err
	}
	if missing, err := variable.NewSystem(pool, keys).Missing(ctx); err != nil || missing != "" {
		return "", errors.Join(err, errors.New(missing))
	}
	if settings.SecretKey == "" {
		if err := dir.Rotate(); err != nil {
			return "", err
		}
		if keys, err = seal.Open("", dir); err != nil {
			return "", err
		}
	}
	resealed, err := variable.NewSystem(pool, keys).Reseal(ctx)
	if err != nil {
		return "", err
	}
	said := fmt.Sprintf("Secrets are sealed with key %s now; %d were sealed anew.", keys.Current(), resealed)
	if settings.SecretKey == "" {
		return said + " Keep a copy of " + dir.CurrentFile() + ". The file of the old key opens what is in earlier backups.", nil
	}
	if resealed == 0 {
		said += " To change the key, put another one before it in PICLOUD_SECRET_KEY, separated by a comma, start PiCloud anew with both, and run this again. A new one: " + seal.Generate()
	}
	return said, nil
}

// existing gives the settings of an installation that is there. It makes nothing, so that
// a wrong folder is told and not filled.
func (c *config) existing() (engine.ManagerConfig, error) {
	who, err := account.Choose()
	if err != nil {
		return engine.ManagerConfig{}, err
	}
	dir, _, err := who.Place(c.dataDir)
	if err != nil {
		return engine.ManagerConfig{}, err
	}
	if c.databaseURL != "" {
		return engine.ManagerConfig{Account: who, DataDir: dir, DatabaseURL: c.databaseURL, SecretKey: c.secretKey}, who.Drop()
	}
	if !db.Exists(dir) {
		return engine.ManagerConfig{}, fmt.Errorf("there is no PiCloud in %s; give its --data-dir", dir)
	}
	return c.manager()
}

// migrate is `picloud migrate`.
func migrate(ctx context.Context, c *config) error {
	settings, err := c.manager()
	if err != nil {
		return err
	}
	pool, done, err := engine.OpenDatabase(ctx, settings)
	if err != nil {
		return err
	}
	defer done()
	if err := db.Migrate(ctx, pool, engine.MigrationSteps()...); err != nil {
		return err
	}
	fmt.Println("The schema is up to date.")
	return nil
}
