"""Signing in and out, first use, own preferences."""

from fastapi import APIRouter, Request, Response

from archipel.protocols.web.models.session import (
    FirstUse,
    Preferences,
    Session,
    SignIn,
    Welcome,
)
from archipel.protocols.web.routes.waiting import waiting

routes = APIRouter(tags=["session"])


@routes.get("/welcome", operation_id="welcome")
def welcome() -> Welcome:
    """What the sign-in page shows; open to anybody."""
    raise waiting


@routes.post("/session", operation_id="sign_in", status_code=201)
def sign_in(credentials: SignIn, request: Request, response: Response) -> Session:
    """Sign in with a local account; the session cookie comes back."""
    raise waiting


@routes.post("/session/first-use", operation_id="first_use", status_code=201)
def first_use(first: FirstUse, request: Request, response: Response) -> Session:
    """Turn a one-time token into a password, and sign in."""
    raise waiting


@routes.get("/session", operation_id="get_session")
def get_session() -> Session:
    """Who is signed in. 401 when nobody is."""
    raise waiting


@routes.delete("/session", operation_id="sign_out", status_code=204)
def sign_out(request: Request, response: Response) -> None:
    """End the session."""
    raise waiting


@routes.put("/me", operation_id="set_preferences")
def set_preferences(preferences: Preferences) -> Preferences:
    """Keep language, theme, density and keys of the person signed in."""
    raise waiting
