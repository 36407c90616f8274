-- Runs once, on an empty disk. The application's role owns its database and is no superuser: a superuser could read
-- files and run programs in the server's pod (COPY ... PROGRAM).
-- \getenv, not a variable of psql's command line, which every process of the pod could read.
\getenv password KOTAEMON_PASSWORD
CREATE ROLE kotaemon LOGIN PASSWORD :'password';
CREATE DATABASE kotaemon OWNER kotaemon;
