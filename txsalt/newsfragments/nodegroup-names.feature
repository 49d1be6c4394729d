An unknown nodegroup is refused with the nearest name that there is.
