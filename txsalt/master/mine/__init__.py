"""The mine: values minions share."""
