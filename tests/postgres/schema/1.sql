CREATE SCHEMA wxcoupon;
CREATE TABLE wxcoupon.format (written BIGINT NOT NULL, oldest BIGINT NOT NULL);
INSERT INTO wxcoupon.format VALUES (1, 1);
CREATE TABLE wxcoupon.requests (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    method TEXT NOT NULL,
    target TEXT NOT NULL,
    body BYTEA,
    members TEXT NOT NULL,
    coupon TEXT COLLATE "C",
    content BYTEA,
    trace TEXT,
    created_ms BIGINT NOT NULL,
    state BIGINT NOT NULL,
    called_off BOOLEAN NOT NULL,
    code BIGINT NOT NULL,
    cause TEXT NOT NULL,
    note TEXT,
    attempts BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    doubted_ms BIGINT,
    tried_ms BIGINT NOT NULL,
    sent BOOLEAN NOT NULL,
    signed_s BIGINT NOT NULL,
    verdict_s BIGINT,
    verdict_row BIGINT NOT NULL,
    answer TEXT,
    http_status BIGINT,
    request_id TEXT,
    host TEXT,
    course TEXT NOT NULL,
    owner TEXT,
    generation BIGINT NOT NULL,
    lease_until_ms BIGINT,
    digest BYTEA NOT NULL,
    UNIQUE (merchant, number)
);
CREATE INDEX requests_open ON wxcoupon.requests (merchant, id) WHERE state IN (0, 4, 6, 7, 8, 9);
CREATE INDEX requests_returns ON wxcoupon.requests (coupon)
    WHERE coupon IS NOT NULL AND operation IN ('return', 'busifavor_return');
CREATE TABLE wxcoupon.facts (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BIGINT NOT NULL
);
