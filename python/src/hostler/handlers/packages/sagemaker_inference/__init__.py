"""What inference code imports of sagemaker-inference, where that is not installed; its server is hostler.

Needs nothing but the standard library until numpy or scipy are asked for, and nothing of hostler's own
package: entry points of containers import it, too.
"""
