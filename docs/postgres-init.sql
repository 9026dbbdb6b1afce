-- Run once, by PostgreSQL's image and as its superuser, when docker-compose.scale.yml makes a new database: who the nodes come as owns
-- their database, and may take on the role that people read in (operating.md, "Row-level security"), and nothing else.
\set password `printenv POSTGRES_PASSWORD`
create role morgenkreis login password :'password';
create role morgenkreis_public_viewer;
grant morgenkreis_public_viewer to morgenkreis;
create database morgenkreis owner morgenkreis;
-- Nobody comes as the superuser from elsewhere. In the container itself none is asked for a password:
-- docker compose -f docker-compose.scale.yml exec postgres psql -U postgres
alter role postgres password null;
