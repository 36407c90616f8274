-- Runs as the master user of a managed server, any number of times. Afterwards the application's role owns the database
-- and what is in it, and is no more than that: it cannot make roles or databases, nor read others.
-- \getenv, not a variable of psql's command line, which every process of the pod could read.
\getenv password ROLE_PASSWORD
-- A table is locked for a moment when it gets another owner: a long transaction must not hold up the application.
SET lock_timeout = '30s';
SELECT 'CREATE ROLE kotaemon_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kotaemon_app') \gexec
ALTER ROLE kotaemon_app LOGIN PASSWORD :'password';
-- Only a member gives a thing to a role; and pods that still log in as the master user keep their access.
GRANT kotaemon_app TO CURRENT_USER;
ALTER DATABASE :"DBNAME" OWNER TO kotaemon_app;
-- From PostgreSQL 15 on the owner of the database may make tables in the schema public.
SELECT 'GRANT ALL ON SCHEMA public TO kotaemon_app' WHERE current_setting('server_version_num')::int < 150000 \gexec
-- What a living stack has made as the master user. A sequence of a column follows its table.
SELECT format('ALTER TABLE %I.%I OWNER TO kotaemon_app', n.nspname, c.relname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public'
  AND c.relowner = CURRENT_USER::regrole
  AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
\gexec
SELECT format('ALTER TYPE %I.%I OWNER TO kotaemon_app', n.nspname, t.typname)
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = 'public' AND t.typowner = CURRENT_USER::regrole AND t.typtype IN ('e', 'd')
\gexec
