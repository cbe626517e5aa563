"""Signing in through the real door: cookie, forgery, first use, signing out."""

import httpx
import pytest

from archipel.access import enrol
from archipel.access.model import Person, Role
from archipel.kernel.identifiers import TenantId

PASSWORD = "ouassou-ti-punch-42"


@pytest.fixture
def browser(door):
    with door.client() as client:
        answer = client.post("/api/session", json={"login": "radio-north", "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


def test_signing_in_tells_who_one_is_and_what_one_may(browser):
    session = browser.get("/api/session").json()

    assert session["person"] == {"login": "radio-north", "name": "TEST radio-north"}
    assert session["organisation"] == {"key": "north", "name": "TEST CH north"}
    assert session["role"] == "radiologist"
    assert "write-reports" in session["permissions"]
    assert "administer-node" not in session["permissions"]
    assert session["node"]["demo"] is True


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(door):
    with door.client() as client:
        answer = client.post("/api/session", json={"login": "radio-north", "password": PASSWORD})

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("password", ["maringouin-bleu", PASSWORD + " "])
def test_a_wrong_password_is_refused_and_never_said_back(door, password):
    with door.client() as client:
        answer = client.post("/api/session", json={"login": "radio-north", "password": password})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert password not in answer.text


def test_a_body_that_makes_no_sense_is_refused_without_its_values(door):
    with door.client() as client:
        answer = client.post("/api/session", json={"login": "x", "passwort": "secret-in-body"})

    assert answer.status_code == 422
    assert "secret-in-body" not in answer.text
    assert answer.json()["type"] == "malformed"


def test_a_write_by_cookie_needs_the_token_of_the_session(door, browser):
    preferences = {"language": "es", "theme": "light", "density": "compact", "keys": {"next": "n"}}
    for said in ("", "0" * 64):
        forged = browser.put("/api/me", json=preferences, headers={"X-CSRF-Token": said})
        assert forged.status_code == 403
        assert forged.json()["type"] == "forgery-refused"

    kept = browser.put("/api/me", json=preferences)

    assert kept.status_code == 200
    assert browser.get("/api/session").json()["preferences"] == preferences


def test_signing_out_ends_the_session_for_good(browser):
    ((name, cookie),) = browser.cookies.items()

    assert browser.delete("/api/session").status_code == 204

    again = httpx.get(f"{browser.base_url}/api/session", cookies={name: cookie})
    assert again.status_code == 401
    assert again.json()["type"] == "not-signed-in"


def test_an_invitation_becomes_a_password_once(door):
    newcomer = Person(login="new", name="TEST new", tenant=TenantId("north"), role=Role.SECRETARY)
    token, _ = enrol.add_person(newcomer, office=door.office, now=door.clock())
    body = {"token": token, "password": "quatre-epices-97232"}

    with door.client() as client:
        first = client.post("/api/session/first-use", json=body)
        again = client.post("/api/session/first-use", json=body)

    assert first.status_code == 201, first.text
    assert first.json()["role"] == "secretary"
    assert again.status_code == 403


def test_the_first_administrator_names_the_account(door):
    now = door.clock()
    token, _ = enrol.await_administrator(TenantId("south"), office=door.office, now=now)

    with door.client() as client:
        assert client.get("/api/welcome").json()["first_use"] is True
        body = {"token": token, "password": "quatre-epices-97232"}
        unnamed = client.post("/api/session/first-use", json=body)
        named = client.post(
            "/api/session/first-use", json={**body, "login": "Chief", "name": "TEST Chief"}
        )

    assert unnamed.status_code == 422
    assert named.status_code == 201, named.text
    assert named.json()["person"]["login"] == "chief"
    assert named.json()["organisation"]["key"] == "south"
    assert named.json()["role"] == "network-admin"
