"""Webhooks at the door: who may, what is shown once, what others never see."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest


def add(door: Any, login: str, organisation: str = "north", **more: Any) -> Any:
    body = {"organisation": organisation, "url": "https://receiver.test/hooks", **more}
    with door.client(login) as client:
        return client.post("/api/webhooks", json=body)


def ask(door: Any, login: str, method: str, path: str = "", **more: Any) -> Any:
    with door.client(login) as client:
        return client.request(method, f"/api/webhooks{path}", **more)


def test_one_is_added_its_secret_shown_once_and_its_life_led(door: Any) -> None:
    made = add(door, "admin-north", kinds=["study.completed"])
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
    name = made.json()["webhook"]["webhook"]

    listed = ask(door, "admin-north", "GET")
    assert made.json()["secret"] not in listed.text
    assert name in [one["webhook"] for one in listed.json()["webhooks"]]
    assert "series.sealed" in listed.json()["kinds"]
    assert ask(door, "admin-north", "POST", f"/{name}/pause").json()["state"] == "paused"
    assert ask(door, "admin-north", "POST", f"/{name}/resume").json()["state"] == "active"
    again = ask(
        door, "admin-north", "POST", f"/{name}/replay", json={"since": "2026-11-01T00:00:00Z"}
    )
    assert again.status_code == 200
    assert ask(door, "admin-north", "GET", f"/{name}/deliveries").json() == []
    assert ask(door, "admin-north", "DELETE", f"/{name}").status_code == 204
    assert ask(door, "admin-north", "POST", f"/{name}/pause").status_code == 404


def test_others_see_none_of_it(door: Any) -> None:
    name = add(door, "admin-north").json()["webhook"]["webhook"]

    seen = [one["webhook"] for one in ask(door, "admin-south", "GET").json()["webhooks"]]
    assert name not in seen
    for method, path in (("POST", "/pause"), ("POST", "/trial"), ("GET", "/deliveries")):
        assert ask(door, "admin-south", method, f"/{name}{path}").status_code == 404
    assert ask(door, "admin-south", "DELETE", f"/{name}").status_code == 404
    assert add(door, "admin-south", "north").status_code == 403
    assert ask(door, "radio-north", "GET").status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"url": "http://receiver.test/"}, {"kinds": ["study.eaten"]}, {"url": "ftp://x.test/"}],
)
def test_wrong_addresses_and_kinds_are_refused(door: Any, wrong: dict[str, Any]) -> None:
    assert add(door, "admin-north", **wrong).status_code == 422


def test_it_is_tried_at_once(door: Any) -> None:
    posts: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    name = add(door, "admin-north", url=url).json()["webhook"]["webhook"]
    answer = ask(door, "admin-north", "POST", f"/{name}/trial").json()
    thread.join(10)
    server.server_close()

    assert (answer["status"], answer["taken"]) == (202, True)
    assert [one["trial"] for one in posts] == [True]
    refused = ask(door, "admin-north", "POST", f"/{name}/trial").json()
    assert (refused["status"], refused["taken"]) == (0, False)
    assert refused["reason"] == "Connection refused"
