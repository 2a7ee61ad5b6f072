"""The older home of `@rawhttp` and AMLResponse."""
