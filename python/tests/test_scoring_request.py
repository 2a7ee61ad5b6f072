"""The request of @rawhttp, and the response that a script makes, where flask is not installed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from hostler.scoring.request import BadRequest, Request
from hostler.scoring.response import AMLResponse, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MULTIPART = (
    b'--B\r\nContent-Disposition: form-data; name="field"\r\n\r\nv\xc3\xa4lue\r\n'
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="a %22b.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\x01\r\n\n\xff\r\n"
    b'--B\r\nContent-Disposition: form-data; name="field"\r\n\r\nagain\r\n--B--\r\n'
)


def request(target: str = "/score", content_type: str | None = None, body: bytes = b"") -> Request:
    headers = [("host", "h:1"), ("x-some-thing", "1"), ("cookie", "a=1; b=2")]
    return Request(
        "POST", target, [*headers, *([("content-type", content_type)] if content_type else [])], body
    )


def test_the_url_in_all_its_parts() -> None:
    got = request("/score%20x?a=1&a=2&b=%C3%A4&c=")
    assert (got.path, got.query_string, got.full_path) == (
        "/score x",
        b"a=1&a=2&b=%C3%A4&c=",
        "/score x?a=1&a=2&b=%C3%A4&c=",
    )
    assert (got.host, got.base_url, got.url_root) == ("h:1", "http://h:1/score x", "http://h:1/")
    assert got.args.getlist("a") == ["1", "2"]
    assert (got.args["b"], got.args.get("c"), got.args.get("d", 5), got.args.get("a", type=int)) == (
        "ä",
        "",
        5,
        1,
    )


def test_headers_are_found_in_any_case() -> None:
    got = request()
    assert got.headers["X-SOME-THING"] == got.headers.get("x-some-thing") == "1"
    assert list(got.headers.keys()) == ["Host", "X-Some-Thing", "Cookie"]
    assert "nothing" not in got.headers
    assert got.cookies == {"a": "1", "b": "2"}


def test_json_is_read_where_the_type_says_so() -> None:
    assert request("/", "application/json; charset=utf-8", b'{"a": 1}').json == {"a": 1}
    assert request("/", "application/vnd.x+json", b"[1]").get_json() == [1]
    assert request("/", "text/plain", b"[1]").get_json(force=True) == [1]
    assert request("/", "text/plain", b"[1]").get_json(silent=True) is None
    with pytest.raises(BadRequest, match="content type"):
        request("/", "text/plain", b"[1]").get_json()
    with pytest.raises(BadRequest, match="not JSON"):
        assert request("/", "application/json", b"[").json


def test_a_multipart_form_has_fields_and_files(tmp_path: Path) -> None:
    got = request("/", "multipart/form-data; boundary=B", MULTIPART)
    assert got.form.to_dict(flat=False) == {"field": ["välue", "again"]}
    file = got.files["file"]
    assert (file.filename, file.content_type, file.name) == ('a "b.bin', "application/octet-stream", "file")
    assert file.read() == b"\x00\x01\r\n\n\xff"
    file.seek(0)
    file.save(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == b"\x00\x01\r\n\n\xff"
    assert got.get_data() == MULTIPART


def test_a_form_leaves_the_body_readable() -> None:
    got = request("/?a=0", "application/x-www-form-urlencoded", b"a=1&b=%20x")
    assert (got.form["b"], got.values.getlist("a"), got.get_data(as_text=True)) == (
        " x",
        ["0", "1"],
        "a=1&b=%20x",
    )
    assert not got.files


def test_broken_forms_are_empty() -> None:
    assert not request("/", "multipart/form-data", b"nonsense").form
    assert not request("/", "multipart/form-data; boundary=B", b"--B\r\n\r\n").files


def test_a_response_of_json_text_and_nothing() -> None:
    assert AMLResponse(None, 200).data == b"{}"
    assert AMLResponse({"a": 1}, 200, json_str=True).content_type == "application/json"
    text = AMLResponse("ä", 201, {"X-A": "1, 2"}, run_function_failed=True)
    assert (text.data, text.status_code, text.content_type) == ("ä".encode(), 201, "text/html; charset=utf-8")
    assert (text.headers["x-a"], text.headers["X-ms-run-function-failed"]) == ("1, 2", "True")
    assert AMLResponse(b"", 200, {"content-type": "image/png"}).headers.getlist("Content-Type") == [
        "image/png"
    ]


def test_a_response_can_be_changed() -> None:
    response = Response("a", mimetype="text/csv")
    response.headers.add("Vary", "a")
    response.headers.add("Vary", "b")
    response.headers["X-B"] = "1"
    response.set_cookie("c", "d", httponly=True)
    response.status = "404 NOT FOUND"
    response.set_data("b")
    assert (response.status_code, response.get_data(as_text=True), response.mimetype) == (
        404,
        "b",
        "text/csv",
    )
    assert response.headers.getlist("vary") == ["a", "b"]
    assert response.headers["Set-Cookie"] == "c=d; HttpOnly; Path=/"
    with pytest.raises(ValueError, match="newline"):
        response.headers["X"] = "a\r\nb"


def test_a_stream_is_known_and_read_once() -> None:
    def pieces() -> Iterator[str]:
        yield "a"
        yield "b"

    response = AMLResponse(pieces(), 200)
    assert response.is_streamed
    assert (response.get_data(), response.get_data()) == (b"ab", b"ab")
    assert AMLResponse(io.BytesIO(b"x\ny"), 200).is_streamed
