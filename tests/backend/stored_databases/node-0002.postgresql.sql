CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.announced_key (
    poll_id integer NOT NULL,
    poll_context bytea NOT NULL,
    node integer NOT NULL,
    public_key bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE public.asked_repair (
    id integer NOT NULL,
    poll_id integer NOT NULL,
    target integer NOT NULL,
    subject bytea NOT NULL,
    ballot_digest bytea NOT NULL,
    helpers bytea NOT NULL,
    attempt bigint NOT NULL,
    repair_hash bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE SEQUENCE public.asked_repair_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.asked_repair_id_seq OWNED BY public.asked_repair.id;
CREATE TABLE public.certified_run (
    poll_id integer NOT NULL,
    state_hash bytea NOT NULL,
    certificate bytea NOT NULL,
    commitments bytea NOT NULL,
    shares bytea NOT NULL
);
CREATE SEQUENCE public.certified_run_poll_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.certified_run_poll_id_seq OWNED BY public.certified_run.poll_id;
CREATE TABLE public.final_statement (
    poll_id integer NOT NULL,
    node integer NOT NULL,
    root_digest bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE public.logged_receipt (
    poll_id integer NOT NULL,
    "position" bigint NOT NULL,
    digest bytea NOT NULL
);
CREATE TABLE public.node_poll (
    poll_id integer NOT NULL,
    poll_context bytea NOT NULL,
    census bytea NOT NULL,
    redemptions bytea,
    public_key bytea NOT NULL,
    announcement bytea NOT NULL,
    key_destroyed boolean NOT NULL,
    inventory_signature bytea,
    rebuilt boolean NOT NULL,
    may_have_stated_final boolean NOT NULL
);
CREATE TABLE public.opened_ballots (
    poll_id integer NOT NULL,
    section bytea NOT NULL
);
CREATE SEQUENCE public.opened_ballots_poll_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.opened_ballots_poll_id_seq OWNED BY public.opened_ballots.poll_id;
CREATE TABLE public.peer_receipt (
    poll_id integer NOT NULL,
    digest bytea NOT NULL,
    node integer NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE public.released_share (
    poll_id integer NOT NULL,
    node integer NOT NULL,
    share bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE public.root_attestation (
    poll_id integer NOT NULL,
    round integer NOT NULL,
    root bytea NOT NULL,
    node integer NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE public.shuffle_signature (
    poll_id integer NOT NULL,
    turn bigint NOT NULL,
    state_hash bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE public.signed_outcome (
    poll_id integer NOT NULL,
    ballots_hash bytea NOT NULL,
    awards bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE SEQUENCE public.signed_outcome_poll_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.signed_outcome_poll_id_seq OWNED BY public.signed_outcome.poll_id;
CREATE TABLE public.signed_root (
    poll_id integer NOT NULL,
    round integer NOT NULL,
    root_digest bytea NOT NULL,
    leaves bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE public.store_identity (
    id integer NOT NULL,
    identity bytea NOT NULL,
    node bytea NOT NULL,
    starts bigint NOT NULL,
    generation bigint NOT NULL,
    rebuilding boolean NOT NULL,
    rebuilt_at_unix_s bigint
);
CREATE SEQUENCE public.store_identity_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.store_identity_id_seq OWNED BY public.store_identity.id;
CREATE TABLE public.stored_ballot (
    id integer NOT NULL,
    poll_id integer NOT NULL,
    voter bytea NOT NULL,
    cast_at_unix_s bigint NOT NULL,
    digest bytea NOT NULL,
    signed bytea NOT NULL,
    boxes bytea NOT NULL,
    receipt bytea,
    share_box bytea
);
CREATE SEQUENCE public.stored_ballot_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.stored_ballot_id_seq OWNED BY public.stored_ballot.id;
CREATE TABLE public.stored_checkpoint (
    poll_id integer NOT NULL,
    node integer NOT NULL,
    number bigint NOT NULL,
    signed bytea NOT NULL,
    proven boolean NOT NULL
);
CREATE TABLE public.stored_contradiction (
    poll_id integer NOT NULL,
    node integer NOT NULL,
    first bytea NOT NULL,
    second bytea NOT NULL
);
CREATE TABLE public.stored_cosignature (
    poll_id integer NOT NULL,
    node integer NOT NULL,
    number bigint NOT NULL,
    witness integer NOT NULL,
    signature bytea NOT NULL
);
ALTER TABLE ONLY public.asked_repair ALTER COLUMN id SET DEFAULT nextval('public.asked_repair_id_seq'::regclass);
ALTER TABLE ONLY public.certified_run ALTER COLUMN poll_id SET DEFAULT nextval('public.certified_run_poll_id_seq'::regclass);
ALTER TABLE ONLY public.opened_ballots ALTER COLUMN poll_id SET DEFAULT nextval('public.opened_ballots_poll_id_seq'::regclass);
ALTER TABLE ONLY public.signed_outcome ALTER COLUMN poll_id SET DEFAULT nextval('public.signed_outcome_poll_id_seq'::regclass);
ALTER TABLE ONLY public.store_identity ALTER COLUMN id SET DEFAULT nextval('public.store_identity_id_seq'::regclass);
ALTER TABLE ONLY public.stored_ballot ALTER COLUMN id SET DEFAULT nextval('public.stored_ballot_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.announced_key VALUES (1, '\x706f6c6c5f636f6e74657874', 1, '\x7075626c69635f6b6579', '\x7369676e6174757265');
INSERT INTO public.announced_key VALUES (2, '\x616e6f7468657220706f6c6c5f636f6e74657874', 2, '\x616e6f74686572207075626c69635f6b6579', '\x616e6f74686572207369676e6174757265');
INSERT INTO public.asked_repair VALUES (1, 1, 1, '\x7375626a656374', '\x62616c6c6f745f646967657374', '\x68656c70657273', 1, '\x7265706169725f68617368', '\x7369676e6174757265');
INSERT INTO public.asked_repair VALUES (2, 2, 2, '\x616e6f74686572207375626a656374', '\x616e6f746865722062616c6c6f745f646967657374', '\x616e6f746865722068656c70657273', 2, '\x616e6f74686572207265706169725f68617368', '\x616e6f74686572207369676e6174757265');
INSERT INTO public.certified_run VALUES (1, '\x73746174655f68617368', '\x6365727469666963617465', '\x636f6d6d69746d656e7473', '\x736861726573');
INSERT INTO public.certified_run VALUES (2, '\x616e6f746865722073746174655f68617368', '\x616e6f74686572206365727469666963617465', '\x616e6f7468657220636f6d6d69746d656e7473', '\x616e6f7468657220736861726573');
INSERT INTO public.final_statement VALUES (1, 1, '\x726f6f745f646967657374', '\x7369676e6174757265');
INSERT INTO public.final_statement VALUES (2, 2, '\x616e6f7468657220726f6f745f646967657374', '\x616e6f74686572207369676e6174757265');
INSERT INTO public.logged_receipt VALUES (1, 1, '\x646967657374');
INSERT INTO public.logged_receipt VALUES (2, 2, '\x616e6f7468657220646967657374');
INSERT INTO public.node_poll VALUES (1, '\x706f6c6c5f636f6e74657874', '\x63656e737573', '\x726564656d7074696f6e73', '\x7075626c69635f6b6579', '\x616e6e6f756e63656d656e74', true, '\x696e76656e746f72795f7369676e6174757265', true, true);
INSERT INTO public.node_poll VALUES (2, '\x616e6f7468657220706f6c6c5f636f6e74657874', '\x616e6f746865722063656e737573', NULL, '\x616e6f74686572207075626c69635f6b6579', '\x616e6f7468657220616e6e6f756e63656d656e74', false, NULL, false, false);
INSERT INTO public.opened_ballots VALUES (1, '\x73656374696f6e');
INSERT INTO public.opened_ballots VALUES (2, '\x616e6f746865722073656374696f6e');
INSERT INTO public.peer_receipt VALUES (1, '\x646967657374', 1, '\x7369676e6174757265');
INSERT INTO public.peer_receipt VALUES (2, '\x616e6f7468657220646967657374', 2, '\x616e6f74686572207369676e6174757265');
INSERT INTO public.released_share VALUES (1, 1, '\x7368617265', '\x7369676e6174757265');
INSERT INTO public.released_share VALUES (2, 2, '\x616e6f74686572207368617265', '\x616e6f74686572207369676e6174757265');
INSERT INTO public.root_attestation VALUES (1, 1, '\x726f6f74', 1, '\x7369676e6174757265');
INSERT INTO public.root_attestation VALUES (2, 2, '\x616e6f7468657220726f6f74', 2, '\x616e6f74686572207369676e6174757265');
INSERT INTO public.shuffle_signature VALUES (1, 1, '\x73746174655f68617368', '\x7369676e6174757265');
INSERT INTO public.shuffle_signature VALUES (2, 2, '\x616e6f746865722073746174655f68617368', '\x616e6f74686572207369676e6174757265');
INSERT INTO public.signed_outcome VALUES (1, '\x62616c6c6f74735f68617368', '\x617761726473', '\x7369676e6174757265');
INSERT INTO public.signed_outcome VALUES (2, '\x616e6f746865722062616c6c6f74735f68617368', '\x616e6f7468657220617761726473', '\x616e6f74686572207369676e6174757265');
INSERT INTO public.signed_root VALUES (1, 1, '\x726f6f745f646967657374', '\x6c6561766573', '\x7369676e6174757265');
INSERT INTO public.signed_root VALUES (2, 2, '\x616e6f7468657220726f6f745f646967657374', '\x616e6f74686572206c6561766573', '\x616e6f74686572207369676e6174757265');
INSERT INTO public.store_identity VALUES (1, '\x6964656e74697479', '\x6e6f6465', 1, 1, true, 1);
INSERT INTO public.store_identity VALUES (2, '\x616e6f74686572206964656e74697479', '\x616e6f74686572206e6f6465', 2, 2, false, NULL);
INSERT INTO public.stored_ballot VALUES (1, 1, '\x766f746572', 1, '\x646967657374', '\x7369676e6564', '\x626f786573', '\x72656365697074', '\x73686172655f626f78');
INSERT INTO public.stored_ballot VALUES (2, 2, '\x616e6f7468657220766f746572', 2, '\x616e6f7468657220646967657374', '\x616e6f74686572207369676e6564', '\x616e6f7468657220626f786573', NULL, NULL);
INSERT INTO public.stored_checkpoint VALUES (1, 1, 1, '\x7369676e6564', true);
INSERT INTO public.stored_checkpoint VALUES (2, 2, 2, '\x616e6f74686572207369676e6564', false);
INSERT INTO public.stored_contradiction VALUES (1, 1, '\x6669727374', '\x7365636f6e64');
INSERT INTO public.stored_contradiction VALUES (2, 2, '\x616e6f74686572206669727374', '\x616e6f74686572207365636f6e64');
INSERT INTO public.stored_cosignature VALUES (1, 1, 1, 1, '\x7369676e6174757265');
INSERT INTO public.stored_cosignature VALUES (2, 2, 2, 2, '\x616e6f74686572207369676e6174757265');
SELECT pg_catalog.setval('public.asked_repair_id_seq', 1, false);
SELECT pg_catalog.setval('public.certified_run_poll_id_seq', 1, false);
SELECT pg_catalog.setval('public.opened_ballots_poll_id_seq', 1, false);
SELECT pg_catalog.setval('public.signed_outcome_poll_id_seq', 1, false);
SELECT pg_catalog.setval('public.store_identity_id_seq', 1, false);
SELECT pg_catalog.setval('public.stored_ballot_id_seq', 1, false);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.announced_key
    ADD CONSTRAINT announced_key_pkey PRIMARY KEY (poll_id, poll_context, node);
ALTER TABLE ONLY public.asked_repair
    ADD CONSTRAINT asked_repair_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.asked_repair
    ADD CONSTRAINT asked_repair_poll_id_repair_hash_key UNIQUE (poll_id, repair_hash);
ALTER TABLE ONLY public.certified_run
    ADD CONSTRAINT certified_run_pkey PRIMARY KEY (poll_id);
ALTER TABLE ONLY public.final_statement
    ADD CONSTRAINT final_statement_pkey PRIMARY KEY (poll_id, node);
ALTER TABLE ONLY public.logged_receipt
    ADD CONSTRAINT logged_receipt_pkey PRIMARY KEY (poll_id, "position");
ALTER TABLE ONLY public.logged_receipt
    ADD CONSTRAINT logged_receipt_poll_id_digest_key UNIQUE (poll_id, digest);
ALTER TABLE ONLY public.node_poll
    ADD CONSTRAINT node_poll_pkey PRIMARY KEY (poll_id, poll_context);
ALTER TABLE ONLY public.opened_ballots
    ADD CONSTRAINT opened_ballots_pkey PRIMARY KEY (poll_id);
ALTER TABLE ONLY public.peer_receipt
    ADD CONSTRAINT peer_receipt_pkey PRIMARY KEY (poll_id, digest, node);
ALTER TABLE ONLY public.released_share
    ADD CONSTRAINT released_share_pkey PRIMARY KEY (poll_id, node);
ALTER TABLE ONLY public.root_attestation
    ADD CONSTRAINT root_attestation_pkey PRIMARY KEY (poll_id, round, root, node);
ALTER TABLE ONLY public.shuffle_signature
    ADD CONSTRAINT shuffle_signature_pkey PRIMARY KEY (poll_id, turn);
ALTER TABLE ONLY public.signed_outcome
    ADD CONSTRAINT signed_outcome_pkey PRIMARY KEY (poll_id);
ALTER TABLE ONLY public.signed_root
    ADD CONSTRAINT signed_root_pkey PRIMARY KEY (poll_id, round);
ALTER TABLE ONLY public.store_identity
    ADD CONSTRAINT store_identity_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.stored_ballot
    ADD CONSTRAINT stored_ballot_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.stored_ballot
    ADD CONSTRAINT stored_ballot_poll_id_digest_key UNIQUE (poll_id, digest);
ALTER TABLE ONLY public.stored_checkpoint
    ADD CONSTRAINT stored_checkpoint_pkey PRIMARY KEY (poll_id, node, number);
ALTER TABLE ONLY public.stored_contradiction
    ADD CONSTRAINT stored_contradiction_pkey PRIMARY KEY (poll_id, node);
ALTER TABLE ONLY public.stored_cosignature
    ADD CONSTRAINT stored_cosignature_pkey PRIMARY KEY (poll_id, node, number, witness);
CREATE INDEX ix_asked_repair_poll_id ON public.asked_repair USING btree (poll_id);
CREATE INDEX ix_asked_repair_subject ON public.asked_repair USING btree (subject);
CREATE INDEX ix_stored_ballot_poll_id ON public.stored_ballot USING btree (poll_id);
CREATE INDEX ix_stored_ballot_poll_voter ON public.stored_ballot USING btree (poll_id, voter);
CREATE INDEX ix_stored_ballot_with_receipt ON public.stored_ballot USING btree (poll_id, id, digest) WHERE (receipt IS NOT NULL);
